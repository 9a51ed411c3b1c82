// A bar on a terminal: how far, how fast, how long still.

import type { Writable } from 'node:stream'

const WIDTH = 24

/** @param nowMs monotonic */
export function progressLine(done: number, of: number, sinceMs: number, nowMs: number): string {
  const filled = of === 0 ? WIDTH : Math.floor((WIDTH * done) / of)
  const seconds = (nowMs - sinceMs) / 1000
  const rate = seconds > 0 ? done / seconds : 0
  const left = rate > 0 ? `${((of - done) / rate).toFixed(0)} s left` : 'working'
  return `${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${done}/${of}  ${rate.toFixed(1)}/s  ${left}`
}

/** Nothing where nobody looks: the bar is for terminals only. */
export function progressBar(out: Writable & { readonly isTTY?: boolean }, now: () => number) {
  const began = now()
  const show = (text: string): void => void (out.isTTY === true && out.write(`\r${text}\u001b[K`))
  return {
    update: (done: number, of: number): void => show(progressLine(done, of, began, now())),
    end: (): void => show(''),
  }
}
