// Whether the metering device is still the one it was. Pure.
//
// The first identity that a device shows is accepted: somebody has just installed it. From then on a field that reads
// differently is a change, and stands until a person accepts the device as it is now, or the accepted one is there again.
// A field that is not shown any more is a change when two looks in a row lack it; one that is shown for the first time is
// learned. A device that does not answer at all says nothing of who it is.

import type { DeviceIdentity } from './port.ts'

export const IDENTITY_FIELDS = ['manufacturer', 'model', 'serialNumber', 'firmware', 'configurationHash'] as const
export type IdentityField = (typeof IDENTITY_FIELDS)[number]

export interface IdentityChange {
  readonly field: IdentityField
  readonly was: string
  /** Absent: not shown any more. */
  readonly is?: string
}

export interface IdentityState {
  readonly accepted?: DeviceIdentity
  /** What the device shows instead, while nobody has accepted it. */
  readonly seen?: DeviceIdentity
  /** Not empty exactly while `seen` is there. */
  readonly changes: readonly IdentityChange[]
  /** Fields that the last look lacked. */
  readonly lacked: readonly IdentityField[]
}

export type IdentityEvent = { readonly kind: 'read'; readonly identity: DeviceIdentity } | { readonly kind: 'accept' }

export type IdentityAction =
  | { readonly kind: 'learned'; readonly identity: DeviceIdentity }
  | { readonly kind: 'changed'; readonly changes: readonly IdentityChange[] }
  /** The accepted device is there again, and nobody had accepted the other one. */
  | { readonly kind: 'restored' }
  | { readonly kind: 'accepted'; readonly changes: readonly IdentityChange[] }

export interface IdentityStep {
  readonly state: IdentityState
  readonly actions: readonly IdentityAction[]
}

export const neverRead: IdentityState = { changes: [], lacked: [] }

export function judgeIdentity(state: IdentityState, event: IdentityEvent): IdentityStep {
  return event.kind === 'read' ? read(state, event.identity) : accept(state)
}

function read(state: IdentityState, identity: DeviceIdentity): IdentityStep {
  const accepted = state.accepted ?? {}
  const lacked = IDENTITY_FIELDS.filter(field => accepted[field] !== undefined && identity[field] === undefined)
  const changes = IDENTITY_FIELDS.flatMap((field): IdentityChange[] => {
    const [was, is] = [accepted[field], identity[field]]
    if (was === undefined || was === is) return []
    if (is !== undefined) return [{ field, was, is }]
    return state.lacked.includes(field) ? [{ field, was }] : []
  })
  if (changes.length > 0) {
    const isNews = !same(changes, state.changes)
    return {
      state: { accepted, seen: identity, changes, lacked },
      actions: isNews ? [{ kind: 'changed', changes }] : [],
    }
  }
  // A field that is lacking for the first time keeps what stands as it is until the next look.
  if (lacked.length > 0) return { state: { ...state, lacked }, actions: [] }
  const learned = IDENTITY_FIELDS.some(field => identity[field] !== undefined && accepted[field] === undefined)
  const actions: IdentityAction[] = [
    ...(state.changes.length > 0 ? [{ kind: 'restored' } as const] : []),
    ...(learned ? [{ kind: 'learned', identity } as const] : []),
  ]
  const known = learned || state.accepted !== undefined ? { accepted: { ...accepted, ...identity } } : {}
  return { state: { ...known, changes: [], lacked }, actions }
}

function accept(state: IdentityState): IdentityStep {
  if (state.seen === undefined) return { state, actions: [] }
  return {
    state: { accepted: state.seen, changes: [], lacked: [] },
    actions: [{ kind: 'accepted', changes: state.changes }],
  }
}

const same = (one: readonly IdentityChange[], other: readonly IdentityChange[]): boolean =>
  one.length === other.length &&
  one.every(({ field, is }, index) => field === other[index]?.field && is === other[index]?.is)

export const changeWords = (changes: readonly IdentityChange[]): string =>
  changes.map(({ field, was, is }) => `${field} ${was} is now ${is ?? 'not shown'}`).join('; ')
