// How far a long run is: a bar on a terminal, and a plain line now and then elsewhere.

import type { Writable } from 'node:stream'

export interface Progress {
  step(done: number, note: string): void
  /** Writes a line above the bar. */
  say(line: string): void
  end(): void
}

const WIDTH = 24
const PLAIN_EVERY_MS = 10_000

/** @param now real time, ms */
export function createProgress(
  out: Writable & { readonly isTTY?: boolean },
  total: number,
  unit: string,
  now: () => number,
): Progress {
  const began = now()
  let shown = ''
  let saidAt = began

  const clear = (): string => (shown === '' ? '' : '\r\u001b[K')

  function line(done: number, note: string): string {
    const perMs = done / Math.max(1, now() - began)
    const rate = `${(perMs * 60_000).toFixed(1)} ${unit}/min`
    const left = done === 0 ? '' : `, ${spoken((total - done) / perMs)} left`
    return `${done}/${total}  ${rate}${left}${note === '' ? '' : `  ${note}`}`
  }

  return {
    step(done, note) {
      const text = line(done, note)
      if (out.isTTY === true) {
        const full = Math.round((WIDTH * done) / total)
        const bar = `[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${text}`
        out.write(`${clear()}${bar}`)
        shown = bar
      } else if (now() - saidAt >= PLAIN_EVERY_MS) {
        saidAt = now()
        out.write(`${text}\n`)
      }
    },
    say(said) {
      out.write(`${clear()}${said}\n${shown}`)
    },
    end() {
      out.write(clear())
      shown = ''
    },
  }
}

function spoken(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`
}
