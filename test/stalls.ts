// For what must happen within a time, on a machine that may be busy with other things: the time that this process was held
// up meanwhile does not count.

/** What a timer may come late by on an idle machine, ms. */
const USUAL_MS = 5
const EVERY_MS = 10

/** Starts a stopwatch. @returns what it shows, ms, less the time in which this process was not run when it was due */
export function stopwatch(): () => number {
  const began = performance.now()
  let last = began
  let heldUp = 0
  const look = (): number => {
    const now = performance.now()
    heldUp += Math.max(0, now - last - EVERY_MS - USUAL_MS)
    last = now
    return now
  }
  const timer = setInterval(look, EVERY_MS).unref()
  return () => {
    const now = look()
    clearInterval(timer)
    return now - began - heldUp
  }
}

/** What this process has computed so far, ms: for what must not take long, whatever else the machine does. */
export const computedMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
