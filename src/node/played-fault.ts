// One IED's part in a site test while it runs: the played device, the second instance of the protection, and what they would
// have done, in lists that have an end.

import { type Instant, instant } from '../../topology/units.ts'
import type { Received } from '../mesh/messenger.ts'
import { isPresent, ownTripMs, playedStatus, type TestFault } from '../protection/site-test-fault.ts'
import type { ComponentContext } from './component.ts'
import { type TestInstance, testInstance } from './test-instance.ts'

/** From the starter's begin to the fault: the played devices are sound before it, as the schemes want them. */
export const PRELUDE_MS = 3500
const POLL_MS = 20
const MEASURE_MS = 1000
/** Before the fault. */
const LOAD_SHARE = 0.2
const BREAKER_MS = 50
/** More of each is counted, and not kept. */
const MOST = { operations: 64, events: 256, messages: 512 } as const

export interface WouldOperate {
  /** Since the played fault began. */
  readonly atMs: number
  readonly operation: string
  readonly device: string
  readonly cause: string
  /** Of the power-system event, as in the events. */
  readonly id?: string
}

export interface HeardInTest {
  readonly atMs: number
  readonly type: string
  readonly origin: string
  /** How old it was at the most, by the links. */
  readonly latencyMs?: number
}

export interface PlayedPart {
  /** The starter's begin is known, by the own clock. */
  begin(at: Instant): void
  hasBegun(): boolean
  elapsedMs(): number
  opened(device: string): void
  row: TestInstance['row']
  hear(type: string, message: Received): void
  /** Of the live bus, as it changes. */
  inhibited(stands: boolean): void
  locked(name: string, stands: boolean): void
  results(): {
    readonly operations: readonly WouldOperate[]
    /** Devices anywhere that would be open, as their own IEDs say: also of organisations whose reports this one may not read. */
    readonly opened: readonly { readonly atMs: number; readonly device: string }[]
    readonly events: readonly Readonly<Record<string, unknown>>[]
    readonly messages: readonly HeardInTest[]
    readonly notKept: number
  }
  stop(): Promise<void>
}

/** @param tellOpened the others must know that the own device would be open */
export async function playedPart(
  context: ComponentContext,
  fault: TestFault,
  tellOpened: (device: string) => void,
): Promise<PlayedPart> {
  const { clock, feeder, name, log } = context
  const { operates } = feeder.ied(name)
  const own = fault.path.find(device => device.name === operates)
  const device = feeder.file.devices.find(each => each.name === operates)
  const tripsAfter = own === undefined ? undefined : ownTripMs(own, fault)
  const operations: WouldOperate[] = []
  const events: Record<string, unknown>[] = []
  const messages: HeardInTest[] = []
  const open = new Set<string>()
  const openings: { readonly atMs: number; readonly device: string }[] = []
  let notKept = 0
  let begunAt: Instant | undefined
  let tripped = false
  let ownOpen = false
  let isOpening = false
  let stopped = false
  let cancelPoll = (): void => {}
  let measuredAt = Number.NEGATIVE_INFINITY

  const sinceMs = (): number => (begunAt === undefined ? -PRELUDE_MS : clock.now() - begunAt - PRELUDE_MS)
  const atMs = (): number => Math.round(sinceMs() * 10) / 10
  const status = () =>
    playedStatus(feeder, fault, name, { sinceMs: sinceMs(), opened: open, tripped, ownOpen }, clock.now())

  function keep<T>(list: T[], most: number, value: T): void {
    if (list.length < most) list.push(value)
    else notKept++
  }

  function wouldOperate(operation: string, cause: string): void {
    keep(operations, MOST.operations, { atMs: atMs(), operation, device: operates ?? name, cause })
  }

  /** The breaker's own time, and it is open. */
  function opens(): Promise<void> {
    if (isOpening) return Promise.resolve()
    isOpening = true
    return new Promise(resolve => {
      clock.wakeAt(instant(clock.now() + (device?.breakerTimeMs ?? BREAKER_MS)), () => {
        resolve()
        if (stopped) return
        ownOpen = true
        if (operates === undefined) return
        noteOpened(operates)
        tellOpened(operates)
      })
    })
  }

  /** Once each: the file has so many. */
  function noteOpened(of: string): void {
    if (openings.some(each => each.device === of)) return
    openings.push({ atMs: atMs(), device: of })
    if (fault.path.some(each => each.name === of)) open.add(of)
  }

  const instance = await testInstance(context, {
    status,
    measure: () => ({ at: clock.now(), utc: clock.utc(), amps: amps() }),
    async operated(operation) {
      wouldOperate(operation, '')
      if (operation === 'trip') tripped = true
      if (operation === 'trip' || operation === 'open') await opens()
    },
    reported(event, fields) {
      keep(events, MOST.events, { ...plain(fields), atMs: atMs(), event })
      if (event === 'operated') explain(String(fields.operation), fields)
    },
    failed: (event, error) => log.error('site-test-failed', { event, reason: error.message }),
  })

  /** What was operated tells why when it is done. */
  function explain(operation: string, { cause, id }: Readonly<Record<string, unknown>>): void {
    const place = operations.findIndex(each => each.operation === operation && each.cause === '')
    const known = operations[place]
    if (known === undefined) return
    operations[place] = { ...known, cause: String(cause ?? ''), ...(typeof id === 'string' ? { id } : {}) }
  }

  function amps() {
    const value = own !== undefined && isPresent({ sinceMs: sinceMs(), opened: open }) ? fault.amps : loadAmps()
    return ownOpen ? { a: 0, b: 0, c: 0 } : { a: value, b: value, c: value }
  }
  const loadAmps = (): number => LOAD_SHARE * (own?.relay?.pickupAmps ?? 0)

  function poll(): void {
    if (stopped) return
    cancelPoll = clock.wakeAt(instant(clock.now() + POLL_MS), poll)
    const since = sinceMs()
    if (clock.now() - measuredAt >= MEASURE_MS) {
      measuredAt = clock.now()
      instance.bus.emit('measurement', { at: clock.now(), utc: clock.utc(), amps: amps() })
    }
    const isThere = isPresent({ sinceMs: since, opened: open })
    if (isThere && tripsAfter !== undefined && since >= tripsAfter && !tripped) {
      tripped = true
      wouldOperate('trip', 'own relay')
      void opens()
    }
    instance.bus.emit('status', status())
  }
  poll()

  return {
    begin(at) {
      begunAt ??= at
    },
    hasBegun: () => begunAt !== undefined,
    elapsedMs: () => (begunAt === undefined ? 0 : clock.now() - begunAt),
    opened: noteOpened,
    row: instance.row,
    hear(type, message) {
      const { origin, ageMs } = message
      const latency = ageMs === undefined ? {} : { latencyMs: Math.round(ageMs * 10) / 10 }
      keep(messages, MOST.messages, { atMs: atMs(), type, origin: origin.name, ...latency })
      instance.hear(type, message)
    },
    inhibited: stands => instance.bus.emit('inhibited', { stands }),
    locked: (by, stands) => instance.bus.emit('lockout', { name: by, stands }),
    results: () => ({ operations, opened: openings, events, messages, notKept }),
    async stop() {
      stopped = true
      cancelPoll()
      await instance.stop()
    },
  }
}

/** What a read-out can carry, and no more of it than this. */
const plain = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
      .slice(0, 12)
      .map(([key, value]) => [key, typeof value === 'string' ? value.slice(0, 200) : value]),
  )
