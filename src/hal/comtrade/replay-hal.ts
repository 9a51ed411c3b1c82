// A recording as a field device: what it recorded passes by again, half a cycle at a time, in real time or at once. It is read
// only: nothing here can operate anything.
//
// It plays from the first `onSamples` on. Until then, and during `startAfterMs`, `measure` shows its first cycle. Its place
// follows from the clock alone, so however late a timer is, nothing drifts. Behind its end it either begins again (one sample
// is then said to be lost: the two ends do not fit), or what it last showed stays, as old data.

import { type Instant, instant, type UtcMs, utcMs } from '../../../topology/units.ts'
import {
  type Doubts,
  type Hal,
  HalError,
  type Measurement,
  type PerPhase,
  type SampleBlock,
  type Status,
} from '../port.ts'
import { type Playable, type PlayableOptions, playable, rms } from './playable.ts'
import type { ComtradeRecord } from './record.ts'

export interface ReplayOptions extends PlayableOptions {
  readonly record: ComtradeRecord
  /** 1: real time. `fast`: at once, each sample still at its own moment. */
  readonly speed?: 1 | 'fast'
  readonly loop?: boolean
  readonly startAfterMs?: number
  readonly now: () => Instant
  readonly utc: () => UtcMs
  /** As the agent's clock has it. */
  readonly wakeAt: (at: Instant, run: () => void) => () => void
}

/** At once means so many blocks a turn, that other work passes in between. */
const BLOCKS_A_TURN = 20
/** Whoever was held up longer than this goes on with the present, and says how many samples are lost. */
const MOST_LATE_SECONDS = 1

/** @throws ComtradeError when there is nothing in it to play */
export function replayHal(options: ReplayOptions): Hal {
  const { record, now, utc, wakeAt, speed = 1, loop = false, startAfterMs = 0 } = options
  const tape = playable(record, options)
  const blockSamples = Math.max(1, Math.round(tape.samplesPerCycle / 2))
  const columns = [...Object.values(tape.volts), ...Object.values(tape.amps)]
  const listeners = new Set<(block: SampleBlock) => void>()
  /** Of the first sample of this round; undefined until it plays. */
  let origin: number | undefined
  /** UTC less monotonic, from when it began: a recording is not torn by a clock that is set. */
  let utcLead = 0
  /** The first sample that is not handed on yet. */
  let next = 0
  let lost = 0
  let hasEnded = false
  let isClosed = false
  let cancel = (): void => {}

  const momentOf = (sample: number): number => (origin ?? now()) + (sample / tape.hz) * 1000
  const insist = (): void => {
    if (isClosed) throw new HalError('HAL_UNREACHABLE', `${record.file}: closed`)
  }

  function play(): void {
    if (origin !== undefined) return
    origin = now() + startAfterMs
    utcLead = utc() - now()
    schedule()
  }

  function schedule(): void {
    if (isClosed || hasEnded) return
    const end = Math.min(next + blockSamples, tape.samples)
    // At once: in the next turn, and not before the start.
    const due = speed === 'fast' ? Math.max(now(), momentOf(0)) : momentOf(end)
    cancel = wakeAt(instant(due), turn)
  }

  function turn(): void {
    if (speed === 'fast') {
      for (let count = 0; count < BLOCKS_A_TURN && !hasEnded; count++) handOn()
    } else {
      skipWhatIsLate()
      while (!hasEnded && momentOf(Math.min(next + blockSamples, tape.samples)) <= now() + 1e-6) handOn()
    }
    schedule()
  }

  function skipWhatIsLate(): void {
    const reached = ((now() - momentOf(0)) / 1000) * tape.hz
    const behind = reached - next
    if (behind <= MOST_LATE_SECONDS * tape.hz) return
    if (loop && reached >= tape.samples) {
      const round = tape.samples + 1
      const rounds = Math.floor(reached / round)
      lost += rounds * round - next
      origin = momentOf(rounds * round)
      next = 0
      return skipWhatIsLate()
    }
    const to = Math.min(tape.samples, Math.floor(reached / blockSamples) * blockSamples)
    lost += to - next
    next = to
    if (next >= tape.samples) endOfRound()
  }

  function handOn(): void {
    const end = Math.min(next + blockSamples, tape.samples)
    for (let from = next; from < end; ) {
      if (isMissing(from)) {
        from++
        lost++
        continue
      }
      let to = from + 1
      while (to < end && !isMissing(to)) to++
      give(from, to)
      from = to
    }
    next = end
    if (next >= tape.samples) endOfRound()
  }

  function endOfRound(): void {
    if (!loop) {
      hasEnded = true
      return
    }
    origin = momentOf(tape.samples + 1)
    next = 0
    lost++
  }

  /** One value that is missing makes the sample missing: a block has as many of each. */
  const isMissing = (sample: number): boolean => columns.some(column => Number.isNaN(column[sample] ?? Number.NaN))

  function give(from: number, to: number): void {
    const at = instant(momentOf(from))
    const cut = ({ a, b, c }: PerPhase<Float64Array>): PerPhase<Float64Array> => ({
      ...(a === undefined ? {} : { a: a.slice(from, to) }),
      ...(b === undefined ? {} : { b: b.slice(from, to) }),
      ...(c === undefined ? {} : { c: c.slice(from, to) }),
    })
    const block: SampleBlock = {
      at,
      utc: utcMs(at + utcLead),
      samplesPerSecond: tape.hz,
      lost,
      volts: cut(tape.volts),
      amps: cut(tape.amps),
      digitals: Object.fromEntries(Object.entries(tape.digitals).map(([name, bits]) => [name, bits.slice(from, to)])),
    }
    lost = 0
    for (const run of listeners) run(block)
  }

  /** How much of it has passed by, in samples. */
  function place(): number {
    if (origin === undefined) return 0
    if (hasEnded) return tape.samples
    if (speed === 'fast') return next
    return Math.max(0, Math.min(tape.samples, Math.floor(((now() - momentOf(0)) / 1000) * tape.hz)))
  }

  return {
    async measure() {
      insist()
      const end = Math.max(tape.samplesPerCycle, place())
      const doubts: Record<string, Doubts[string]> = {}
      const shown = (quantity: 'volts' | 'amps'): PerPhase | undefined => {
        const phases = Object.entries(tape[quantity]).flatMap(([phase, column]) => {
          const value = rms(column, end - tape.samplesPerCycle, end)
          const window = column.subarray(end - tape.samplesPerCycle, end)
          const doubt = Number.isNaN(value) ? 'failure' : window.some(Number.isNaN) ? 'inaccurate' : undefined
          const about = [
            ...(doubt === undefined ? [] : ([doubt] as const)),
            ...(hasEnded ? (['oldData'] as const) : []),
          ]
          if (about.length > 0) doubts[`${quantity}.${phase}`] = about
          return Number.isNaN(value) ? [] : [[phase, value] as const]
        })
        return phases.length === 0 ? undefined : Object.fromEntries(phases)
      }
      const volts = shown('volts')
      const amps = shown('amps')
      const at = hasEnded ? instant(momentOf(tape.samples)) : now()
      return {
        at,
        utc: hasEnded ? utcMs(at + utcLead) : utc(),
        ...(volts === undefined ? {} : { volts }),
        ...(amps === undefined ? {} : { amps }),
        ...(Object.keys(doubts).length === 0 ? {} : { doubts }),
      } satisfies Measurement
    },
    async status() {
      insist()
      const sample = Math.max(0, place() - 1)
      const { closed, ...flags } = tape.status
      const doubts = hasEnded && Object.keys(tape.status).length > 0 ? oldStatus(tape.status) : undefined
      return {
        at: hasEnded ? instant(momentOf(tape.samples)) : now(),
        ...(closed === undefined ? {} : { position: closed[sample] === 1 ? 'closed' : 'open' }),
        ...Object.fromEntries(Object.entries(flags).map(([key, bits]) => [key, bits?.[sample] === 1])),
        ...(doubts === undefined ? {} : { doubts }),
      } satisfies Status
    },
    async identity() {
      insist()
      return { model: record.header.device || record.header.station }
    },
    onSamples(run) {
      if (isClosed) return () => {}
      listeners.add(run)
      play()
      return () => void listeners.delete(run)
    },
    async close() {
      isClosed = true
      cancel()
      listeners.clear()
    },
  }
}

const oldStatus = (status: Playable['status']): Doubts =>
  Object.fromEntries(Object.keys(status).map(key => [key === 'closed' ? 'position' : key, ['oldData'] as const]))
