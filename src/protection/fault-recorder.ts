// The fault recorder: keeps the last samples in memory all the time, and from a trigger on for as long as it takes, so that
// what came before an event is in its record too.
//
//   watching ──trigger──▶ recording ──the last post-trigger time is over, or it is as long as it may be──▶ watching
//
// Triggers that come meanwhile make the record longer, not more. Samples that stop end it: a record of what there is comes
// of it all the same. It decides nothing but what is kept, so no trigger, false or missing, changes any protection.

import { after, type Duration, duration, type Instant, instant, since, type UtcMs } from '../../topology/units.ts'

export interface PhaseSamples {
  readonly a?: Float64Array
  readonly b?: Float64Array
  readonly c?: Float64Array
}

/** A stretch of samples, as the hardware abstraction layer's `SampleBlock` has it. */
export interface Samples {
  /** Of the first sample. */
  readonly at: Instant
  readonly utc: UtcMs
  readonly samplesPerSecond: number
  /** Samples that are missing since the block before. */
  readonly lost: number
  readonly volts: PhaseSamples
  readonly amps: PhaseSamples
  readonly digitals?: { readonly [name: string]: Uint8Array }
}

export type TriggerKind = 'powerQuality' | 'pickup' | 'trip' | 'command' | 'setpoint'

export interface Trigger {
  readonly kind: TriggerKind
  /** When it began, which may be a little before it was noticed. */
  readonly at: Instant
  /** One line for people. */
  readonly words: string
}

/** A contact or flag that the device shows, from this moment on. */
export interface BitChange {
  readonly at: Instant
  readonly name: string
  readonly value: boolean
}

export interface Recording {
  readonly from: Instant
  readonly until: Instant
  /** In the order in which they came; the first one began it. */
  readonly triggers: readonly Trigger[]
  /** Triggers beyond `MOST_TRIGGERS`. */
  readonly moreTriggers: number
  readonly blocks: readonly Samples[]
  readonly bits: readonly BitChange[]
}

export interface RecorderSettings {
  readonly preTrigger: Duration
  readonly postTrigger: Duration
  readonly longest: Duration
}

/** Ten cycles of 50 Hz and some before; long enough behind for a reclosing relay's first decision; not without end. */
export const recorderDefaults: RecorderSettings = {
  preTrigger: duration(250),
  postTrigger: duration(500),
  longest: duration(10_000),
}

interface Memory {
  /** Oldest first. */
  readonly blocks: readonly Samples[]
  readonly bits: readonly BitChange[]
  /** Beginnings of the records of the last hour. */
  readonly begun: readonly Instant[]
}

export type RecorderState =
  | (Memory & { readonly phase: 'watching' })
  | (Memory & {
      readonly phase: 'recording'
      readonly from: Instant
      readonly until: Instant
      readonly triggers: readonly Trigger[]
      readonly moreTriggers: number
    })

export type RecorderEvent =
  | { readonly kind: 'samples'; readonly block: Samples }
  | { readonly kind: 'bit'; readonly change: BitChange }
  | { readonly kind: 'trigger'; readonly trigger: Trigger }
  | { readonly kind: 'tick' }
  /** The agent ends: what is being recorded is kept as it is. */
  | { readonly kind: 'stop' }

export type RecorderAction =
  | { readonly kind: 'keep'; readonly recording: Recording }
  | { readonly kind: 'wake'; readonly at: Instant }
  | { readonly kind: 'passed-over'; readonly trigger: Trigger; readonly because: 'no-samples' | 'too-many' }

interface Step {
  readonly state: RecorderState
  readonly actions: readonly RecorderAction[]
}

/** A trigger may say that its event began so long ago; so much more than the pre-trigger time is in memory. */
const LOOK_BACK = duration(1000)
/** A longer gap between samples is the end of what belongs together. */
const LONGEST_GAP = duration(1000)
/** Samples come in blocks, and late: so long behind the end of a record its last ones are waited for. */
const GRACE = duration(1000)
/** Of one channel, in memory: a source that samples at an absurd rate gets shorter records, not more memory. */
const MOST_SAMPLES = 1024 * 1024
/** Contacts that flutter: the oldest changes give way. */
const MOST_BITS = 1024
const MOST_TRIGGERS = 32
/** A trigger that flutters would wear out the storage and push out the records of real events. */
const MOST_AN_HOUR = 60
const HOUR = duration(3_600_000)

export const quietRecorder: RecorderState = { phase: 'watching', blocks: [], bits: [], begun: [] }

export const faultRecorder =
  (settings: RecorderSettings) =>
  (state: RecorderState, event: RecorderEvent, now: Instant): Step => {
    switch (event.kind) {
      case 'samples':
        return take(settings, state, event.block)
      case 'bit':
        return stay({ ...state, bits: [...state.bits, event.change].slice(-MOST_BITS) })
      case 'trigger':
        return state.phase === 'watching'
          ? begin(settings, state, event.trigger, now)
          : extend(settings, state, event.trigger, now)
      case 'tick':
        return state.phase === 'recording' && now >= after(state.until, GRACE) ? finish(settings, state) : stay(state)
      case 'stop':
        return state.phase === 'recording' ? finish(settings, state) : stay(state)
    }
  }

const stay = (state: RecorderState): Step => ({ state, actions: [] })
type Recorded = Extract<RecorderState, { phase: 'recording' }>

export const lengthOf = ({ volts, amps }: Pick<Samples, 'volts' | 'amps'>): number =>
  (volts.a ?? volts.b ?? volts.c ?? amps.a ?? amps.b ?? amps.c)?.length ?? 0

/** Just behind its last sample. */
const endOf = (block: Samples): Instant => instant(block.at + (lengthOf(block) / block.samplesPerSecond) * 1000)

function take(settings: RecorderSettings, state: RecorderState, block: Samples): Step {
  const last = state.blocks.at(-1)
  const isApart = last !== undefined && Math.abs(since(endOf(last), block.at)) > LONGEST_GAP
  const done = isApart && state.phase === 'recording' ? finish(settings, state) : stay(state)
  const blocks = isApart ? [block] : [...done.state.blocks, block]
  const next: Step = { state: { ...done.state, blocks }, actions: done.actions }
  const { state: grown } = next
  if (grown.phase === 'watching') return { ...next, state: forget(settings, grown, endOf(block)) }
  const isFull = blocks.reduce((sum, each) => sum + lengthOf(each), 0) >= MOST_SAMPLES
  return endOf(block) >= grown.until || isFull ? finish(settings, grown) : next
}

/** Lets go of what no trigger can reach any more. */
function forget<S extends Memory>({ preTrigger }: RecorderSettings, state: S, end: Instant): S {
  const reach = instant(end - preTrigger - LOOK_BACK)
  let held = 0
  let first = state.blocks.length
  while (first > 0) {
    const block = state.blocks[first - 1] as Samples
    held += lengthOf(block)
    if (endOf(block) <= reach || held > MOST_SAMPLES) break
    first--
  }
  // The state that a contact had when the memory begins is its last change before that.
  const lastBefore = new Map<string, BitChange>()
  for (const change of state.bits) if (change.at <= reach) lastBefore.set(change.name, change)
  const bits = state.bits.filter(change => change.at > reach || lastBefore.get(change.name) === change)
  return { ...state, blocks: state.blocks.slice(first), bits }
}

function begin(settings: RecorderSettings, state: RecorderState, trigger: Trigger, now: Instant): Step {
  const begun = state.begun.filter(at => since(at, now) < HOUR)
  const refuse = (because: 'no-samples' | 'too-many'): Step => ({
    state: { ...state, begun },
    actions: [{ kind: 'passed-over', trigger, because }],
  })
  const [oldest] = state.blocks
  const newest = state.blocks.at(-1)
  if (oldest === undefined || newest === undefined || since(endOf(newest), now) > LONGEST_GAP)
    return refuse('no-samples')
  if (begun.length >= MOST_AN_HOUR) return refuse('too-many')
  const at = nearNow(trigger.at, present(newest, now))
  const from = instant(Math.max(oldest.at, at - settings.preTrigger))
  const until = after(at, settings.postTrigger)
  const recording: Recorded = {
    ...state,
    begun: [...begun, now],
    phase: 'recording',
    from,
    until,
    triggers: [{ ...trigger, at }],
    moreTriggers: 0,
  }
  return { state: recording, actions: [{ kind: 'wake', at: after(until, GRACE) }] }
}

function extend(settings: RecorderSettings, state: Recorded, trigger: Trigger, now: Instant): Step {
  const { postTrigger, longest } = settings
  const at = nearNow(trigger.at, present(state.blocks.at(-1), now))
  if (at >= after(state.from, longest)) {
    const done = finish(settings, state)
    const next = begin(settings, done.state, trigger, now)
    return { state: next.state, actions: [...done.actions, ...next.actions] }
  }
  const until = instant(Math.min(Math.max(state.until, at + postTrigger), state.from + longest))
  const isRoom = state.triggers.length < MOST_TRIGGERS
  return {
    state: {
      ...state,
      until,
      triggers: isRoom ? [...state.triggers, { ...trigger, at }] : state.triggers,
      moreTriggers: state.moreTriggers + (isRoom ? 0 : 1),
    },
    actions: until === state.until ? [] : [{ kind: 'wake', at: after(until, GRACE) }],
  }
}

/** A recording that is played at once is ahead of the clock: its own end is the present then. */
const present = (newest: Samples | undefined, now: Instant): Instant =>
  newest === undefined ? now : instant(Math.max(now, endOf(newest)))

/** Whoever says when something began may be wrong. */
const nearNow = (at: Instant, now: Instant): Instant => instant(Math.min(now, Math.max(at, now - LOOK_BACK)))

function finish(settings: RecorderSettings, state: Recorded): Step {
  const { from, until, triggers, moreTriggers, blocks, bits, begun } = state
  const end = blocks.at(-1)
  const watching: RecorderState = { phase: 'watching', blocks, bits, begun }
  return {
    state: end === undefined ? watching : forget(settings, watching, endOf(end)),
    actions: [{ kind: 'keep', recording: { from, until, triggers, moreTriggers, blocks, bits } }],
  }
}
