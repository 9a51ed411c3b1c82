// What may wait until the frames that have arrived have gone on: reading them and checking signatures above all. One piece a
// turn of the event loop, so that between two of them the sockets are read again; all agents of a process share the turns,
// because they share its time.
//
// The messenger bounds how many pieces wait: so many unchecked frames of each neighbour, see `relay-ahead.ts`.

/** ms. As long as a frame needs to come back to the same process by way of some others. */
const QUIET_MS = 1
/** ms. Longer than this, and the timer's millisecond, no piece waits for quiet. */
const MOST_MS = 3

let agents = 0
const waiting: (() => void)[] = []
let newestAt = 0
/** Since when there has been something that waits. */
let busySince = 0

/**
 * An agent that has its process to itself, as on a device, uses a frame in the turn after its arrival. Where several share a
 * process, as in a station's computer, a frame goes on through many of them, and each check takes as long as the
 * relaying of two: so checking begins when nothing has arrived for a millisecond, or after three to four.
 */
export function afterArrivals(run: () => void): void {
  newestAt = performance.now()
  if (waiting.push(run) > 1) return
  busySince = newestAt
  goOn()
}

/** One more agent is in this process. @returns what it calls when it ends */
export function joinProcess(): () => void {
  agents++
  let isIn = true
  return () => {
    if (isIn) agents--
    isIn = false
  }
}

function goOn(): void {
  if (standsBack()) setTimeout(goOn, QUIET_MS)
  else setImmediate(turn)
}

function standsBack(): boolean {
  if (agents < 2) return false
  const now = performance.now()
  return now - newestAt < QUIET_MS && now - busySince < MOST_MS
}

function turn(): void {
  const run = waiting.shift()
  // Before it is run: what fails must not stop those behind it.
  if (waiting.length > 0) goOn()
  run?.()
}
