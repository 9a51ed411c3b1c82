// Draws the last part of a captured run of `up` (the feeder and what was measured) as an SVG, in the live view's colours.
//
//   node dist/src/node/cli/main.js up topology/feeders/ieee13.yaml --for 60s > run.txt
//   node docs/render-terminal.mjs run.txt > docs/up.svg

import { readFileSync } from 'node:fs'

const WIDTH = 7.83 // of one character, at this size
const SIZE = 13
const LEADING = 18
const MARGIN = 16
const COLOURS = { text: '#d6dbe1', dim: '#8b949e', good: '#56d364', bad: '#ff7b72', strong: '#ffffff' }

const all = readFileSync(process.argv[2] ?? 0, 'utf8')
  .trimEnd()
  .split('\n')
const from = all.findIndex(line => /^feeder \S+ {3}agents/.test(line))
if (from < 0) throw new Error('no summary in there, want the output of `up` that is no terminal and came to its end')
const lines = ['$ npx feedermesh up topology/feeders/ieee13.yaml --for 60s', '…', ...all.slice(from)].map(line =>
  line.trimEnd(),
)

/** Runs of one colour, in the order of the line. */
function coloured(line) {
  if (line.startsWith('$')) return [[line, 'strong']]
  if (line.startsWith('▪ agent') || (/^ {8}/.test(line) && !line.includes('└'))) return [[line, 'dim']]
  if (/^all \d+ expectations met/.test(line)) return [[line, 'good']]
  if (/^\d+ of \d+ expectations met/.test(line)) return [[line, 'bad']]
  if (line.startsWith('What was expected')) return [[line, 'strong']]
  const marks =
    /(\[\S+ closed\]|▪|^ {2}ok\b)|(\[\S+ OPEN\]|✗|▿|\bdark\b|\bshed\b|^ {2}FAIL\b)|(aggregator(?: [\w-]+, term \d+)?)/g
  const isState = /^(feeder |\S* *└|\d+ {2}▪|\d+ |\s+└| {2}ok| {2}FAIL)/.test(line)
  if (!isState) return [[line, 'text']]
  const runs = []
  let at = 0
  for (const match of line.matchAll(/^ {2}(?:ok|FAIL)/.test(line) ? /(^ {2}ok\b)|(^ {2}FAIL\b)/g : marks)) {
    if (match.index > at) runs.push([line.slice(at, match.index), 'text'])
    runs.push([match[0], match[1] ? 'good' : match[2] ? 'bad' : 'strong'])
    at = match.index + match[0].length
  }
  if (at < line.length) runs.push([line.slice(at), 'text'])
  return runs
}

const escaped = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const columns = Math.max(...lines.map(line => [...line].length))
const width = Math.ceil(columns * WIDTH + 2 * MARGIN)
const height = lines.length * LEADING + 2 * MARGIN

const rows = lines.map((line, index) => {
  if (line === '') return ''
  const spans = coloured(line).map(([text, colour]) => `<tspan fill="${COLOURS[colour]}">${escaped(text)}</tspan>`)
  const length = ([...line].length * WIDTH).toFixed(2)
  const y = MARGIN + (index + 1) * LEADING - 5
  return `<text x="${MARGIN}" y="${y}" textLength="${length}" xml:space="preserve">${spans.join('')}</text>`
})

process.stdout.write(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="The end of a run of feedermesh up: the feeder as a tree, and each expectation with what was measured">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace" font-size="${SIZE}">
${rows.filter(row => row !== '').join('\n')}
</g>
</svg>
`)
