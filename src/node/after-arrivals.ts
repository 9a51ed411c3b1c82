// What may wait until the frames that have arrived have been read and have gone on: checking signatures above all. One piece
// a turn of the event loop, so that between two of them the sockets are read again; all agents of a process share the turns,
// because they share its time.
//
// The messenger bounds how many pieces wait: so many unchecked frames of each neighbour, see `relay-ahead.ts`.

const waiting: (() => void)[] = []

export function afterArrivals(run: () => void): void {
  if (waiting.push(run) === 1) setImmediate(turn)
}

function turn(): void {
  const run = waiting.shift()
  // Before it is run: what fails must not stop those behind it.
  if (waiting.length > 0) setImmediate(turn)
  run?.()
}

/** ms. As long as a frame needs for some ten hops between processes that share processors. */
const STAND_BACK_MS = 1

/**
 * What was relayed is checked a millisecond later: where devices share processors, as in a station's computer, the next ones
 * that it goes to need them first, and the check of one hop takes longer than the relaying of two. That is for the
 * operating system to weigh, but it lets what runs finish its slice. A device that relays thus acts a millisecond later,
 * and one at the end of a branch at once.
 */
export function afterRelay(run: () => void): void {
  setTimeout(afterArrivals, STAND_BACK_MS, run)
}
