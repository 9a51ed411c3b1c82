// A legacy meter by its pulses: those that a counter register of an input module has counted, or those that are seen on its
// digital inputs. All that it has is energy, and the mean power of a window.
//
// What was counted is kept in a file, so that a counter of 16 bits may begin again as often as it likes: a register goes on
// from where it was, pulses while the agent was down included. Contacts are looked at without a pause from the first use on;
// what they did while nobody looked is lost, and said to be.

import { type Duration, duration, type Instant, type UtcMs } from '../../topology/units.ts'
import type { Table } from './device-map.ts'
import { modbusBus } from './modbus-bus.ts'
import { type Doubts, type Hal, HalError, type Measurement, type PerPhase, type QualityDetail } from './port.ts'
import { type DemandState, demandStep, pulsesPerSecond } from './pulses/demand.ts'
import {
  type Contact,
  type PulseEvent,
  type PulseSettings,
  type PulseState,
  pulseCount,
  pulseDoubts,
  pulseStart,
  wattHoursOf,
} from './pulses/pulse-count.ts'
import type { TotalMemory } from './pulses/total-file.ts'
import { type Rational, timesNumber } from './rational.ts'

/** A digital input, or a bit of a register. */
export interface PulseInput {
  readonly table: Table
  readonly address: number
  readonly bit?: number
}

export type PulseSource =
  | {
      readonly kind: 'counter'
      readonly table: 'input' | 'holding'
      readonly address: number
      readonly words: 1 | 2 | 4
      /** The low word first. */
      readonly lowWordFirst: boolean
    }
  | { readonly kind: 'contacts'; readonly y: PulseInput; readonly z?: PulseInput; readonly pollMs: Duration }

export interface PulseHalOptions {
  readonly host: string
  readonly port: number
  readonly unitId: number
  readonly timeoutMs: number
  readonly source: PulseSource
  readonly settings: PulseSettings
  readonly wattHoursPerPulse: Rational
  /** Whether the meter counts what the customer takes, or what his generator gives. */
  readonly feeds: 'importWh' | 'exportWh'
  /** Power is the mean over this. */
  readonly demandWindow: Duration
  /** Power is shown in equal parts on these. */
  readonly phases: readonly ('a' | 'b' | 'c')[]
  readonly memory: TotalMemory
  readonly now: () => Instant
  readonly utc: () => UtcMs
}

/** A count is written when it has changed, so often at the most. */
const SAVE_MS = 1000

export function pulseHal(options: PulseHalOptions): Hal {
  const { host, port, unitId, source, settings, memory, now, utc } = options
  const place = `${host}:${port} unit ${unitId} pulses`
  const bus = modbusBus(options)
  const step = pulseCount(settings)
  let state: PulseState = pulseStart
  let demand: DemandState = []
  let keptUtc: UtcMs | undefined
  let loading: Promise<void> | undefined
  let saving: Promise<void> = Promise.resolve()
  let saved = { pulses: -1n, at: Number.NEGATIVE_INFINITY }
  let isUnkept = false
  let polling: Promise<void> | undefined
  let lastTrouble: HalError | undefined
  let endPause = (): void => {}
  let isClosed = false

  function feed(event: PulseEvent): void {
    state = step(state, event, now())
    demand = demandStep(demand, options.demandWindow, state.pulses, now())
  }

  function load(): Promise<void> {
    loading ??= memory.load().then(kept => {
      if (kept === undefined) return
      const { pulses, register } = kept
      // What the contacts did while nobody looked is lost.
      const troubles = source.kind === 'contacts' ? { missed: now() } : {}
      state = { pulses, ...(register === undefined ? {} : { register }), troubles }
      saved = { ...saved, pulses }
      keptUtc = kept.utcMs
    })
    loading.catch(() => {
      loading = undefined
    })
    return loading
  }

  /** One write at a time. A disk that is full costs no count as long as the agent runs: there is doubt, and it is tried again. */
  function save(): Promise<void> {
    const { pulses, register } = state
    if (loading === undefined || pulses === saved.pulses) return saving
    saved = { pulses, at: now() }
    saving = saving
      .then(() => memory.save({ pulses, utcMs: utc(), ...(register === undefined ? {} : { register }) }))
      .then(
        () => {
          isUnkept = false
        },
        () => {
          saved = { ...saved, pulses: -1n }
          isUnkept = true
        },
      )
    return saving
  }
  const saveNowAndThen = (): void => {
    if (now() - saved.at >= SAVE_MS) void save()
  }

  // A counter register -----------------------------------------------------------------------------------------------

  async function readCounter({
    table,
    address,
    words,
    lowWordFirst,
  }: Extract<PulseSource, { kind: 'counter' }>): Promise<void> {
    const registers = await bus.read(unitId, table, address, words)
    const value = (lowWordFirst ? registers.toReversed() : registers).reduce(
      (sum, register) => sum * 65_536n + BigInt(register),
      0n,
    )
    // By UTC, which alone goes on over a restart; one that has gone backwards says nothing.
    const keptFor = keptUtc === undefined || utc() < keptUtc ? {} : { keptFor: duration(utc() - keptUtc) }
    feed({ kind: 'register', value, ...keptFor })
  }

  // Contacts ---------------------------------------------------------------------------------------------------------

  async function readContacts({ y, z }: Extract<PulseSource, { kind: 'contacts' }>): Promise<void> {
    const [isY, isZ] = z === undefined ? [await readInput(y), undefined] : await readBoth(y, z)
    feed({ kind: 'contact', shows: contactOf(isY, isZ) })
  }

  const isSet = ({ bit }: PulseInput, value: number): boolean =>
    bit === undefined ? value !== 0 : (value & (1 << bit)) !== 0

  async function readInput(input: PulseInput): Promise<boolean> {
    const [value = 0] = await bus.read(unitId, input.table, input.address, 1)
    return isSet(input, value)
  }

  /** Close to each other they are seen at one moment. */
  async function readBoth(y: PulseInput, z: PulseInput): Promise<[boolean, boolean]> {
    const [from, to] = [Math.min(y.address, z.address), Math.max(y.address, z.address)]
    if (y.table !== z.table || to - from > 16) return [await readInput(y), await readInput(z)]
    const values = await bus.read(unitId, y.table, from, to - from + 1)
    return [isSet(y, values[y.address - from] ?? 0), isSet(z, values[z.address - from] ?? 0)]
  }

  async function poll(contacts: Extract<PulseSource, { kind: 'contacts' }>): Promise<void> {
    for (let due = now(); !isClosed; ) {
      try {
        await readContacts(contacts)
        lastTrouble = undefined
        saveNowAndThen()
      } catch (cause) {
        lastTrouble = asHalError(cause)
      }
      due = Math.max(due + contacts.pollMs, now()) as Instant
      await pause(due - now())
    }
  }

  function pause(ms: number): Promise<void> {
    if (isClosed) return Promise.resolve()
    return new Promise(resolve => {
      const timer = setTimeout(resolve, Math.max(1, ms))
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  const asHalError = (cause: unknown): HalError =>
    cause instanceof HalError
      ? cause
      : new HalError('HAL_BAD_FRAME', `${place}: ${(cause as Error).message}`, { cause })

  // The port ---------------------------------------------------------------------------------------------------------

  async function insist(): Promise<void> {
    if (isClosed) throw new HalError('HAL_UNREACHABLE', `${place}: closed`)
    await load().catch(cause => {
      throw asHalError(cause)
    })
    if (source.kind === 'contacts' && !isClosed) polling ??= poll(source)
  }

  function measurement(at: Instant, utcNow: UtcMs): Measurement {
    const { pulses } = state
    const perSecond = pulsesPerSecond(demand, options.demandWindow, pulses, now())
    const kw = perSecond === undefined ? undefined : (timesNumber(perSecond, options.wattHoursPerPulse) * 3600) / 1000
    const sign = options.feeds === 'importWh' ? 1 : -1
    // A count that can't be kept is right now, and would go back at a restart.
    const unkept: QualityDetail[] = isUnkept ? ['inaccurate'] : []
    const details = [...new Set([...pulseDoubts(settings, state, now()), ...unkept])]
    const share: PerPhase | undefined =
      kw === undefined
        ? undefined
        : Object.fromEntries(options.phases.map(phase => [phase, (sign * kw) / options.phases.length]))
    return {
      at,
      utc: utcNow,
      [options.feeds]: wattHoursOf(pulses, options.wattHoursPerPulse),
      ...(share === undefined ? {} : { kw: share }),
      ...(details.length === 0 ? {} : { doubts: doubtsOf(details, share) }),
    }
  }

  const doubtsOf = (details: QualityDetail[], share: PerPhase | undefined): Doubts =>
    Object.fromEntries(
      [options.feeds, ...Object.keys(share ?? {}).map(phase => `kw.${phase}`)].map(feed => [feed, details]),
    )

  return {
    async measure() {
      await insist()
      const [at, utcNow] = [now(), utc()]
      if (source.kind === 'counter') await readCounter(source)
      else if (state.lookedAt === undefined) await readContacts(source)
      else if (lastTrouble !== undefined) throw lastTrouble
      saveNowAndThen()
      return measurement(at, utcNow)
    },
    async status() {
      await insist()
      return { at: now() } // it knows of no switch and no relay
    },
    async close() {
      isClosed = true
      endPause()
      await bus.close() // rejects what is under way
      await polling
      await save()
    },
  }
}

function contactOf(isY: boolean, isZ: boolean | undefined): Contact {
  if (isZ === undefined) return isY ? 'y' : 'neither'
  if (isY && isZ) return 'both'
  return isY ? 'y' : isZ ? 'z' : 'neither'
}
