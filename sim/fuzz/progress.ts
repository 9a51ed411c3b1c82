// How far a long run is: a bar on a terminal, and a plain line now and then elsewhere.

import type { Writable } from 'node:stream'

export interface Progress {
  step(done: number, note: string): void
  /** In place of the bar: something else that takes a while. */
  note(text: string): void
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

  /** @param drawn on a terminal; elsewhere `plain`, and not too often */
  function show(drawn: string, plain: string): void {
    if (out.isTTY === true) {
      out.write(`${clear()}${drawn}`)
      shown = drawn
    } else if (now() - saidAt >= PLAIN_EVERY_MS) {
      saidAt = now()
      out.write(`${plain}\n`)
    }
  }

  return {
    step(done, note) {
      const text = line(done, note)
      const full = Math.round((WIDTH * done) / total)
      show(`[${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}] ${text}`, text)
    },
    note: text => show(text, text),
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
