// A warning reaches exactly the IEDs downstream of the disturbed section, while they are reachable.
//
// The safe half holds always: whoever accepts a warning could be downstream in the live feeder as it may know it. A
// device's position counts as open or closed, whatever fits, when it has changed within the time for which an IED may
// still believe the old one; a device without an IED counts in its normal position, which is all that IEDs know of it.
//
// The complete half holds for an IED that is surely reachable: it and the observer have been running for a while, the link
// between the two neither cut, partitioned nor lossy and their clocks within the tolerance for as long, before and until
// the deadline; and it is downstream whatever the positions are that it may not know. It knows a position when the
// device has not moved and answers, and its IED runs and has been linked, for as long. Where that is not so only the safe
// half is checked; and where the disturbance was over sooner than a message may take, since its all-clear may then
// overtake the warning, which starts nothing any more.
//
// Of an IED that lies: its own warnings need no cause, and its device's position is in doubt for as long as a lie may be
// believed. Nobody accepts a warning, though, who cannot be downstream of its section, wherever that device is.

import { createFeeder, type DevicePosition } from '../../topology/feeder.ts'
import { operatorOf } from '../agent-settings.ts'
import type { FieldEvent } from '../plant/field.ts'
import type { TraceEvent } from '../runtime/trace.ts'
import type { World } from '../runtime/world.ts'
import type { Conditions } from './conditions.ts'
import type { Complain, Watch } from './invariant.ts'

/** Positions are told every 8 s, devices looked at every 5 s, and a lost link is tried again within 3 s of its return. */
const SETTLED_MS = 14_000
/** Until when a warning that nothing hinders has arrived. Its lifetime. */
const DEADLINE_MS = 2_000
/** For so long an IED may believe an old position: its lifetime of 24 s, and until the device is found not to answer. */
const BELIEVED_MS = 34_000
/** Between a disturbance's end and a warning about it: a look at the device that was under way, or could not be had. */
const CAUSE_MS = 3_000

interface Sent {
  readonly origin: string
  readonly section: string
  readonly warned: Set<string>
  /** The origin has said that it is over. */
  clearedMs: number | undefined
}

export function warnedSets(world: World, complain: Complain, conditions: Conditions): Watch {
  const { file, scheduler, site } = world
  const operator = operatorOf(file)
  /** What an IED may know, position by position as it is asked about. */
  const asKnown = createFeeder(file)
  const operators = new Map(
    file.ieds.flatMap(({ name, operates }) => (operates === undefined ? [] : [[operates, name]])),
  )
  const organisations = new Map(file.ieds.map(({ name, organisation }) => [name, organisation]))
  const movedAt = new Map<string, number>()
  const sent = new Map<string, Sent>()
  /** Origins that an IED ignores until a person resets it. */
  const ignored = new Set<string>()

  /** The answer to "is it downstream?", with the devices in doubt at unknown positions. */
  function isDownstream(
    ied: string,
    section: string,
    isInDoubt: (device: string) => boolean,
  ): 'yes' | 'no' | 'unknown' {
    for (const { name, normal } of file.devices) {
      const known: DevicePosition = operators.has(name) ? site.plant.position(name) : normal
      asKnown.setPosition(name, operators.has(name) && isInDoubt(name) ? 'unknown' : known)
    }
    return asKnown.isDownstream(ied, section)
  }

  function accepted(by: string, { id, origin, section }: TraceEvent): void {
    const warning = sent.get(String(id))
    const isSent = warning !== undefined && warning.origin === origin && warning.section === section
    if (!isSent && !liedWithin(String(origin), DEADLINE_MS)) {
      return complain('warned-safe', `${by}: accepts warning ${id} of ${origin} about ${section}, which nobody sent`)
    }
    warning?.warned.add(by)
    const answer = isDownstream(by, String(section), device => isBelievedElsewhere(device))
    if (answer !== 'no') return
    complain('warned-safe', `${by}: accepts warning ${id} about ${section}, and cannot be downstream of it`)
  }

  function cleared({ id }: TraceEvent): void {
    const warning = sent.get(String(id))
    if (warning !== undefined) warning.clearedMs ??= scheduler.now()
  }

  const movedWithin = (device: string, ms: number): boolean =>
    scheduler.now() - (movedAt.get(device) ?? Number.NEGATIVE_INFINITY) <= ms

  const liedWithin = (ied: string, ms: number): boolean =>
    conditions.lies(ied, { fromMs: scheduler.now() - ms, toMs: scheduler.now() })

  const isBelievedElsewhere = (device: string): boolean =>
    movedWithin(device, BELIEVED_MS) || liedWithin(operators.get(device) ?? '', BELIEVED_MS)

  function begins(by: string, { id, section }: TraceEvent): void {
    const warning: Sent = { origin: by, section: String(section), warned: new Set<string>(), clearedMs: undefined }
    sent.set(String(id), warning)
    checkCause(by, warning.section)
    if (organisations.get(by) !== operator) return // nobody obeys it
    const sentMs = scheduler.now()
    const fromMs = sentMs - SETTLED_MS
    scheduler.at(scheduler.now() + DEADLINE_MS, () => {
      const span = { fromMs, toMs: scheduler.now() }
      const isOvertaken = (warning.clearedMs ?? span.toMs) - sentMs < conditions.latencyMs(span)
      if (isOvertaken || !conditions.runs(by, span)) return
      // Once it has been ignored for a lie, or said what its program did not know, it has no claim to be heard.
      if (conditions.lies(by, { fromMs: 0, toMs: span.toMs })) return
      for (const { name } of file.ieds) {
        if (name === by || warning.warned.has(name) || ignored.has(`${name} ${by}`)) continue
        if (!conditions.runs(name, span) || !conditions.linked(by, name, span)) continue
        const answer = isDownstream(name, warning.section, device => isInDoubtFor(name, device, span))
        if (answer === 'yes') complain('warned-complete', `${name}: was not warned of ${section} by ${by} (${id})`)
      }
    })
  }

  function isInDoubtFor(ied: string, device: string, span: { fromMs: number; toMs: number }): boolean {
    const teller = operators.get(device) ?? ''
    return (
      movedWithin(device, span.toMs - span.fromMs) ||
      conditions.lies(teller, { fromMs: span.toMs - BELIEVED_MS, toMs: span.toMs }) ||
      !conditions.runs(teller, span) ||
      !conditions.deviceAnswers(teller, span) ||
      !conditions.linked(teller, ied, span)
    )
  }

  function checkCause(by: string, name: string): void {
    const { from, to } = asKnown.section(name)
    const span = { fromMs: scheduler.now() - CAUSE_MS, toMs: scheduler.now() }
    if ([name, from, to].some(place => conditions.disturbed(place, span))) return
    if (!conditions.deviceAnswers(by, span)) return
    complain('warned-safe', `${by}: warns of ${name}, where nothing is disturbed`)
  }

  return {
    event(event) {
      if (event.event === 'warning-sent') begins(event.by, event)
      if (event.event === 'all-clear-sent') cleared(event)
      if (event.event === 'warned') accepted(event.by, event)
      if (event.event === 'alarm' && event['alarm'] === 'origin-ignored') ignored.add(`${event.by} ${event['origin']}`)
    },
    settled(events: readonly FieldEvent[]) {
      for (const { device, kind } of events) if (MOVES.has(kind)) movedAt.set(device, scheduler.now())
    },
  }
}

const MOVES: ReadonlySet<FieldEvent['kind']> = new Set(['open', 'close', 'reclose', 'fuse blown'])
