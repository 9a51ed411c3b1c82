// How `feedermesh up` shows what it sees: lines for a terminal that scrolls, a picture that is drawn anew for one that
// can, and JSON lines for programs.

import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import { feederTree } from '../../topology/tree.ts'
import { accountLines } from './account-lines.ts'
import type { Expectation } from './expectations.ts'
import { colours, type Palette, plain } from './palette.ts'
import { readingsAt, type Story } from './story.ts'

export interface View {
  /** Whether it is drawn anew all the time. */
  readonly isLive: boolean
  /** Something happened. `fields` is for programs, `text` for people; an empty text is not shown to people. */
  say(event: string, text: string, fields?: Record<string, unknown>): void
  /** What has been checked so far, while the feeder goes on. Programs had each line when it was checked. */
  results(expectations: readonly Expectation[]): void
  /** The feeder as it is seen now. */
  picture(): readonly string[]
  summary(ok: boolean, expectations: readonly Expectation[], last: readonly string[], seconds: number): void
  stop(): void
}

export interface ViewOptions {
  readonly story: Story
  readonly feeder: Feeder
  readonly backEnds: readonly string[]
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number }
  /** Milliseconds since `up` began. */
  elapsed(): number
}

export function jsonView({ out, elapsed }: ViewOptions): View {
  const line = (value: unknown): void => void out.write(`${JSON.stringify(value)}\n`)
  return {
    isLive: false,
    say: (event, _text, fields = {}) => line({ event, atMs: Math.round(elapsed() * 1000) / 1000, ...fields }),
    results: () => {},
    picture: () => [],
    summary: (ok, expectations) =>
      line({
        event: 'summary',
        atMs: Math.round(elapsed() * 1000) / 1000,
        ok,
        expectations: expectations.map(({ name, ok: met, measured, detail }) => ({
          name,
          ok: met,
          measured,
          ...(detail ? { detail } : {}),
        })),
      }),
    stop: () => {},
  }
}

export function linesView(options: ViewOptions): View {
  const { out } = options
  const write = (text: string): void => void out.write(`${text}\n`)
  return {
    isLive: false,
    say(_event, text) {
      if (text !== '') write(`${stamp(options.elapsed())}  ${text}`)
    },
    results(expectations) {
      for (const line of resultLines(expectations, plain)) write(line)
    },
    picture: () => [...picture(options, plain), ...accountsBelow(options, plain)],
    summary(ok, expectations, last, seconds) {
      write('')
      for (const line of last) write(line)
      for (const line of summaryLines(ok, expectations, seconds, plain)) write(line)
    },
    stop: () => {},
  }
}

/** The last lines said stand below the picture. */
const SAID_KEPT = 400
const LEAST_SAID = 8

export function liveView(options: ViewOptions): View {
  const { out } = options
  const said: string[] = []
  let stopped = false

  function draw(): void {
    const rows = out.rows ?? 40
    const feeder = picture(options, colours)
    // Some of what happens stays in sight, whatever the size.
    const top = [...feeder, ...accountsBelow(options, colours, rows - feeder.length - LEAST_SAID)]
    const room = Math.max(5, rows - top.length - 2)
    const lines = [...top, '', ...said.slice(-room)]
    out.write(`\x1b[H${lines.map(line => `${line}\x1b[K`).join('\n')}\x1b[J`)
  }
  out.write('\x1b[?25l\x1b[2J')
  const timer = setInterval(draw, 250)
  const end = (): void => {
    if (stopped) return
    stopped = true
    clearInterval(timer)
    out.write('\x1b[?25h')
  }
  return {
    isLive: true,
    say(_event, text) {
      if (text === '') return
      for (const [index, line] of text.split('\n').entries())
        said.push(index === 0 ? `${stamp(options.elapsed())}  ${line}` : line)
      said.splice(0, said.length - SAID_KEPT)
    },
    results: expectations => void said.push(...resultLines(expectations, colours)),
    picture: () => [...picture(options, colours), ...accountsBelow(options, colours)],
    summary(ok, expectations, last, seconds) {
      end()
      out.write(`\x1b[H\x1b[2J${last.join('\n')}\n`)
      out.write(`\n${summaryLines(ok, expectations, seconds, colours).join('\n')}\n`)
    },
    stop: end,
  }
}

const stamp = (elapsedMs: number): string => `${(elapsedMs / 1000).toFixed(2).padStart(7)} s`

/** The feeder as a tree with the state of each device and IED, then the aggregator and the back-end peers. */
export function picture({ story, feeder, backEnds }: ViewOptions, p: Palette): string[] {
  const live = liveFeeder(feeder, story)
  const rows = feederTree(live).map(row => {
    const way = row.via?.devices.map(({ name, position }) => deviceMark(name, position, p)).join(' ') ?? ''
    const dark = row.energised === 'no' ? p.bad(' dark') : ''
    const ieds = row.ieds.map(ied => iedMark(ied, story, p)).join('  ')
    return `${'  '.repeat(row.depth)}${row.depth === 0 ? '' : p.dim('└ ')}${p.strong(row.node)}${dark}${way === '' ? '' : ` ${way}`}  ${ieds}`
  })
  const up = [...story.agents.values()].filter(({ state }) => state === 'up').length
  const aggregator =
    story.aggregator === undefined
      ? p.dim('none yet')
      : p.strong(`${story.aggregator.name}, term ${story.aggregator.term}`)
  const delivered = backEnds.map(name => `${name} ${readingsAt(story, name)}`).join(' · ')
  return [
    `${p.strong(`feeder ${feeder.file.name}`)}   agents ${up}/${story.agents.size}   aggregator ${aggregator}   readings: ${delivered}`,
    p.dim(
      '▪ agent (number: peers found)   ▿ sag at its own meter   shed: load dropped   [device closed]   [device OPEN]',
    ),
    '',
    ...rows,
  ]
}

/** What the back-end peers told of bills, reliability and portions, behind an empty line. */
function accountsBelow({ story, backEnds }: ViewOptions, p: Palette, room?: number): string[] {
  const accounts = backEnds.flatMap(name => story.accounts.get(name) ?? [])
  const lines = accountLines(accounts, p, room)
  return lines.length === 0 ? [] : ['', ...lines]
}

/** The device positions that the IEDs themselves told. */
function liveFeeder(feeder: Feeder, story: Story): Feeder {
  const live = createFeeder(feeder.file)
  for (const { device, position } of story.positions) {
    if (feeder.file.devices.some(({ name }) => name === device))
      live.setPosition(device, position as 'open' | 'closed' | 'unknown')
  }
  return live
}

function deviceMark(name: string, position: string, p: Palette): string {
  if (position === 'open') return p.bad(`[${name} OPEN]`)
  return position === 'closed' ? p.good(`[${name} closed]`) : p.dim(`[${name} ?]`)
}

function iedMark(name: string, story: Story, p: Palette): string {
  const seen = story.agents.get(name)
  if (seen === undefined) return name
  const mark = seen.state === 'up' ? p.good('▪') : seen.state === 'starting' ? p.dim('▫') : p.bad('✗')
  const crown = story.aggregator?.name === name && seen.state === 'up' ? p.strong(' aggregator') : ''
  const state = [seen.sag ? p.bad(' ▿') : '', seen.shed ? p.bad(' shed') : '', crown].join('')
  return `${mark} ${name}${p.dim(` ${seen.peers}`)}${state}`
}

function summaryLines(ok: boolean, expectations: readonly Expectation[], seconds: number, p: Palette): string[] {
  const met = expectations.filter(each => each.ok).length
  return [
    '',
    p.strong(`What was expected, with what was measured (${seconds.toFixed(0)} s):`),
    ...resultLines(expectations, p),
    ok ? p.good(`all ${met} expectations met`) : p.bad(`${met} of ${expectations.length} expectations met`),
  ]
}

function resultLines(expectations: readonly Expectation[], p: Palette): string[] {
  return expectations.flatMap(each => [
    `  ${each.ok ? p.good('ok  ') : p.bad('FAIL')}  ${each.name}`,
    `        ${p.dim(each.measured)}`,
    ...(each.detail ?? []).map(line => `          ${p.dim(line)}`),
  ])
}
