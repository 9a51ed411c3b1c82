// One IED's part in a site test while it runs: the played device, the second instance of the protection, and what they would
// have done, in lists that have an end.

import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import { type Instant, instant } from '../../topology/units.ts'
import type { Measurement, Status } from '../hal/port.ts'
import type { Received } from '../mesh/messenger.ts'
import type { TestFault } from '../protection/site-test-fault.ts'
import type { ComponentContext } from './component.ts'
import type { HostConfig } from './host-config.ts'
import { playedUnit } from './played-unit.ts'
import type { HostValues } from './run-host.ts'
import { type TestInstance, testInstance } from './test-instance.ts'

/** From the starter's begin to the fault: the played devices are sound before it for as long as restoration wants them to be. */
export const PRELUDE_MS = 3500
/** Of the played relay; its status is shown each second time. */
const STEP_MS = 10
const MEASURE_MS = 1000
/** More of each is counted, and not kept. */
const MOST = { operations: 64, events: 256, messages: 512, positions: 128, hosts: 32 } as const

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

export interface WouldTell {
  readonly atMs: number
  /** As the configuration names the computer. */
  readonly name: string
  /** The program, or where the request would go; no arguments and no headers. */
  readonly does: string
  readonly event: HostValues['event']
  readonly severity?: string
  readonly kind?: string
  readonly timeLeftMs?: number
}

export interface PlayedPart {
  /** The starter's begin is known, by the own clock. */
  begin(at: Instant): void
  hasBegun(): boolean
  elapsedMs(): number
  /** As its own IED says. @param saidMs since the begin, by that IED: what is older than what is known counts no more */
  position(device: string, to: 'open' | 'closed', saidMs: number): void
  /** As the real device is now. */
  real(seen: { readonly status?: Status; readonly measurement?: Measurement }): void
  asked: TestInstance['asked']
  row: TestInstance['row']
  hear(type: string, message: Received): void
  /** Of the live bus, as it changes. */
  inhibited(stands: boolean): void
  locked(name: string, stands: boolean): void
  results(): {
    readonly operations: readonly WouldOperate[]
    /** Positions of devices anywhere, as their own IEDs say: also of organisations whose reports this one may not read. */
    readonly opened: readonly { readonly atMs: number; readonly device: string }[]
    readonly closed: readonly { readonly atMs: number; readonly device: string }[]
    readonly hosts: readonly WouldTell[]
    readonly events: readonly Readonly<Record<string, unknown>>[]
    readonly messages: readonly HeardInTest[]
    readonly notKept: number
  }
  stop(): Promise<void>
}

/** @param tellPosition the others must know that the own device would be so now */
export async function playedPart(
  context: ComponentContext,
  { test, fault, stuck }: { readonly test: string; readonly fault: TestFault; readonly stuck: string | undefined },
  tellPosition: (device: string, to: 'open' | 'closed') => void,
): Promise<PlayedPart> {
  const { clock, name, log } = context
  const feeder = copyOf(context.feeder)
  const { operates } = feeder.ied(name)
  const operations: WouldOperate[] = []
  const events: Record<string, unknown>[] = []
  const messages: HeardInTest[] = []
  const hosts: WouldTell[] = []
  const moves: { readonly atMs: number; readonly device: string; readonly to: 'open' | 'closed' }[] = []
  const saidAt = new Map<string, number>()
  const barring = new Set<string>()
  let isInhibited = false
  let notKept = 0
  let begunAt: Instant | undefined
  let stopped = false
  let cancelStep = (): void => {}
  let measuredAt = Number.NEGATIVE_INFINITY
  let steps = 0

  const sinceMs = (): number => (begunAt === undefined ? -PRELUDE_MS : clock.now() - begunAt - PRELUDE_MS)
  const atMs = (): number => Math.round(sinceMs() * 10) / 10

  function keep<T>(list: T[], most: number, value: T): void {
    if (list.length < most) list.push(value)
    else notKept++
  }

  const wouldOperate = (operation: string, cause: string): void =>
    keep(operations, MOST.operations, { atMs: atMs(), operation, device: operates ?? name, cause })

  function moved(device: string, to: 'open' | 'closed'): void {
    keep(moves, MOST.positions, { atMs: atMs(), device, to })
    const isDevice = feeder.file.devices.some(each => each.name === device)
    if (isDevice) instance.bus.emit('topology', { device, position: to })
  }

  const unit = playedUnit(
    context,
    feeder,
    { ...fault, stuck },
    {
      operates: wouldOperate,
      lockedOut: reason => report('relay-lockout', { reason }),
      moved(to) {
        if (stopped || operates === undefined) return
        moved(operates, to)
        tellPosition(operates, to)
      },
    },
  )

  function report(event: string, fields: Readonly<Record<string, unknown>>): void {
    keep(events, MOST.events, { ...plain(fields), atMs: atMs(), event })
    if (event === 'operated') explain(String(fields['operation']), fields)
  }

  const instance = await testInstance(context, {
    test,
    feeder,
    status: unit.status,
    measure: unit.measure,
    async operated(operation) {
      wouldOperate(operation, '')
      if (!operation.includes(' ')) await unit.operate(operation as Parameters<typeof unit.operate>[0])
    },
    reported: report,
    async tellHost(host, { event, severity, kind, timeLeftMs }) {
      keep(hosts, MOST.hosts, {
        atMs: atMs(),
        name: host.name,
        does: whatItDoes(host),
        event,
        ...(severity === undefined ? {} : { severity }),
        ...(kind === undefined ? {} : { kind }),
        ...(timeLeftMs === undefined ? {} : { timeLeftMs }),
      })
      return { ok: true, outputBytes: 0 }
    },
    failed: (event, error) => log.error('site-test-failed', { event, reason: error.message }),
  })
  // What stands in the instance itself keeps a relay in software from reclosing, as it does live.
  instance.bus.on('lockout', ({ name: by, stands }) => (stands ? void barring.add(by) : void barring.delete(by)))

  /** What was operated tells why when it is done. */
  function explain(operation: string, { cause, id }: Readonly<Record<string, unknown>>): void {
    const place = operations.findIndex(each => each.operation === operation && each.cause === '')
    const known = operations[place]
    if (known === undefined) return
    operations[place] = { ...known, cause: String(cause ?? ''), ...(typeof id === 'string' ? { id } : {}) }
  }

  function mayReclose(): boolean {
    const { softwareRelay } = context.config
    if (softwareRelay === undefined) return true
    if (isInhibited || barring.size > 0) return false
    return !softwareRelay.requiresDeadLine || unit.status().farDead === true
  }

  function step(): void {
    if (stopped) return
    cancelStep = clock.wakeAt(instant(clock.now() + STEP_MS), step)
    unit.tick(sinceMs(), mayReclose())
    if (clock.now() - measuredAt >= MEASURE_MS) {
      measuredAt = clock.now()
      instance.bus.emit('measurement', unit.measure())
    }
    if (steps++ % 2 === 0) instance.bus.emit('status', unit.status())
  }
  step()

  const positions = (to: 'open' | 'closed') =>
    moves.filter(each => each.to === to).map(({ atMs, device }) => ({ atMs, device }))

  return {
    begin(at) {
      begunAt ??= at
    },
    hasBegun: () => begunAt !== undefined,
    elapsedMs: () => (begunAt === undefined ? 0 : clock.now() - begunAt),
    position(device, to, saidMs) {
      // Said again and again, by several ways.
      if (device === operates || saidMs < (saidAt.get(device) ?? 0)) return
      saidAt.set(device, saidMs)
      if (moves.findLast(each => each.device === device)?.to === to) return
      if (feeder.file.devices.some(each => each.name === device)) unit.position(device, to)
      moved(device, to)
    },
    real: unit.real,
    asked: instance.asked,
    row: instance.row,
    hear(type, message) {
      const { origin, ageMs } = message
      const latency = ageMs === undefined ? {} : { latencyMs: Math.round(ageMs * 10) / 10 }
      keep(messages, MOST.messages, { atMs: atMs(), type, origin: origin.name, ...latency })
      instance.hear(type, message)
    },
    inhibited(stands) {
      isInhibited = stands
      instance.bus.emit('inhibited', { stands })
    },
    locked: (by, stands) => instance.bus.emit('lockout', { name: by, stands }),
    results: () => ({
      operations,
      opened: positions('open'),
      closed: positions('closed'),
      hosts,
      events,
      messages,
      notKept,
    }),
    async stop() {
      stopped = true
      cancelStep()
      await instance.stop()
    },
  }
}

function copyOf(feeder: Feeder): Feeder {
  const copy = createFeeder(feeder.file)
  for (const { name } of feeder.file.devices) copy.setPosition(name, feeder.position(name))
  return copy
}

function whatItDoes({ command, request }: HostConfig): string {
  if (request === undefined) return command?.[0] ?? ''
  const { origin, pathname } = new URL(request.url)
  return `${request.method} ${origin}${pathname}`
}

/** What a read-out can carry, and no more of it than this. */
const plain = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
      .slice(0, 12)
      .map(([key, value]) => [key, typeof value === 'string' ? value.slice(0, 200) : value]),
  )
