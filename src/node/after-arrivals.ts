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
