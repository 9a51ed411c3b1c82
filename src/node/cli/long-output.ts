// Output that may go on for long: it ends when somebody ends it, and never piles up before a slow reader.

import { once } from 'node:events'

/** Killed by SIGINT, as shells have it; an end by SIGTERM is told alike. */
const INTERRUPTED = 130

/**
 * Runs until it is done, interrupted (exit code 130), or nobody reads the output any more, as behind `| head`: then
 * quietly. What fails otherwise is thrown.
 */
export async function untilEnded(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const ending = new AbortController()
  const closed = (): void => ending.abort()
  const interrupt = (): void => {
    process.exitCode = INTERRUPTED
    ending.abort()
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  process.stdout.on('error', closed)
  try {
    await run(ending.signal)
  } catch (error) {
    if (!ending.signal.aborted) throw error
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

/** Waits where the reader of the output is slower than what is printed. */
export async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')])
}
