// What a member of the virtual network is told of the links that it holds: up, or silent. Each change once, and of held
// neighbours only; one that never answered is not silent.

import type { Scheduler } from './scheduler.ts'

/** A link that is whole again says so with its next beat. */
const BEAT_MS = 0.5

export interface Holder {
  readonly name: string
  readonly peerId: string
  /** Its connections, by peer id. */
  readonly near: ReadonlyMap<string, unknown>
  readonly held: ReadonlySet<string>
  /** What was last told of each held neighbour. */
  readonly liveness: Map<string, 'up' | 'silent'>
  link(peerId: string, state: 'up' | 'silent'): void
}

export interface HeldLinkPorts<Member extends Holder> {
  passes(one: string, other: string): boolean
  isThere(member: Member): boolean
  /** Until a link on which nothing comes is told as silent. */
  silenceMs(): number
}

export interface VirtualHeldLinks<Member extends Holder> {
  tell(at: Member, peerId: string, state: 'up' | 'silent'): void
  /** Of one neighbour, when its next beat has come, or stayed away. A later change takes the place of this one. */
  tellSoon(one: Member, other: Member): void
  tellBothSoon(one: Member, other: Member): void
}

export function virtualHeldLinks<Member extends Holder>(
  scheduler: Scheduler,
  { passes, isThere, silenceMs }: HeldLinkPorts<Member>,
): VirtualHeldLinks<Member> {
  /** What is about to be told, by who is told and of whom. */
  const tellings = new Map<string, () => void>()

  function tell(at: Member, peerId: string, state: 'up' | 'silent'): void {
    if (!isThere(at) || !at.held.has(peerId)) return
    const last = at.liveness.get(peerId)
    if (last === state || (last === undefined && state === 'silent')) return
    at.liveness.set(peerId, state)
    at.link(peerId, state)
  }

  function tellSoon(one: Member, other: Member): void {
    if (!one.held.has(other.peerId)) return
    const wait = passes(one.name, other.name) ? BEAT_MS : silenceMs()
    const key = `${one.peerId} ${other.peerId}`
    tellings.get(key)?.()
    const cancel = scheduler.at(scheduler.now() + wait, () => {
      tellings.delete(key)
      const answers = passes(one.name, other.name) && isThere(other) && one.near.has(other.peerId)
      tell(one, other.peerId, answers ? 'up' : 'silent')
    })
    tellings.set(key, cancel)
  }

  return {
    tell,
    tellSoon,
    tellBothSoon(one, other) {
      tellSoon(one, other)
      tellSoon(other, one)
    },
  }
}
