// All charts of the page share one stretch of time. Positions are shares of the width, so that the page may be as wide as it
// likes; the script moves them when somebody zooms.

import { type Html, html } from './html.ts'

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

/** As a share of the width, in percent, with no more digits than anybody can see. */
export const across = (atMs: number, { fromMs, toMs }: Span): string =>
  `${Math.round((1e5 * (atMs - fromMs)) / (toMs - fromMs)) / 1e3}%`

/** Round times, six or so. */
export function ticks({ fromMs, toMs }: Span): number[] {
  const rough = (toMs - fromMs) / 7
  const size = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(times => times * size).find(each => each >= rough) ?? rough
  const first = Math.ceil(fromMs / step)
  const count = Math.floor(toMs / step) - first + 1
  return Array.from({ length: Math.max(0, count) }, (_, index) => (first + index) * step)
}

/** In seconds, with as many digits as the span deserves. The script has the same. */
export function tickLabel(atMs: number, { fromMs, toMs }: Span): string {
  const digits = toMs - fromMs < 100 ? 4 : toMs - fromMs < 10_000 ? 2 : toMs - fromMs < 100_000 ? 1 : 0
  return `${(atMs / 1000).toFixed(digits)} s`
}

export const axis = (span: Span, height: number): Html =>
  html`<g class="axis">${ticks(span).map(
    atMs =>
      html`<line x1="${across(atMs, span)}" x2="${across(atMs, span)}" y1="0" y2="${height - 18}"/><text x="${across(
        atMs,
        span,
      )}" y="${height - 4}">${tickLabel(atMs, span)}</text>`,
  )}</g>`
