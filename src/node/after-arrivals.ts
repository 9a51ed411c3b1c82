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

/** ms. As long as a frame needs for the next few hops. */
const STAND_BACK_MS = 1

/** ms. As long as a frame needs for a feeder's twenty hops, when all of them have to take turns on two processors. */
const STAND_BACK_SHARED_MS = 4

/** What was relayed is checked a millisecond later, and used then. At the end of a branch that is done at once. */
export function afterRelay(run: () => void): void {
  setTimeout(afterArrivals, STAND_BACK_MS, run)
}

/**
 * The same where the devices of a feeder share processors, as in a station's computer or in `feedermesh up`: the check of one
 * hop takes longer than the relaying of two, and would take the processor from the hops that the frame is still to go. That
 * is for the operating system to weigh, but it lets what runs finish its slice. Along
 * a chain the last one has checked no later for it; in a shallow tree relays check three milliseconds later.
 */
export function afterRelayShared(run: () => void): void {
  setTimeout(afterArrivals, STAND_BACK_SHARED_MS, run)
}
