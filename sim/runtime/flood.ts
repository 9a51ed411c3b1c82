// The topic flood below the mesh port: a message goes from its origin to all subscribers that the origin is connected
// with, and each one that accepts it passes it on to those that it is connected with.
//
// As in gossipsub, a member takes the first copy and drops the rest. So a copy for a member that has one on its way already
// is not carried at all: it would only make the run slower. One that was lost on one way may come by another, as it does
// in gossipsub when a member asks for what it missed.

import type { Verdict } from '../../src/mesh/links.ts'

export interface FloodPorts {
  /** When something sent now arrives; undefined when it is lost. */
  arrival(from: string, to: string): number | undefined
  at(ms: number, run: () => void): void
  /** The member hears it, if it is still there. */
  receive(at: string, from: string, topic: string, frame: Uint8Array): Verdict
}

export interface Flood {
  connected(one: string, other: string): void
  disconnected(one: string, other: string): void
  subscribe(member: string, topic: string): void
  unsubscribe(member: string, topic: string): void
  /** @returns to how many it went directly */
  publish(member: string, topic: string, frame: Uint8Array): number
  /** Forgets the member and its subscriptions. */
  leave(member: string): void
}

export function createFlood({ arrival, at, receive }: FloodPorts): Flood {
  const connections = new Map<string, Set<string>>()
  const subscribers = new Map<string, Set<string>>()
  /** Per member and topic: connected subscribers, in the order of the subscriptions; dropped when either changes. */
  const neighbours = new Map<string, Map<string, readonly string[]>>()

  const forget = (member: string): void => void neighbours.delete(member)
  const forgetTopic = (topic: string): void => {
    for (const byTopic of neighbours.values()) byTopic.delete(topic)
  }

  function neighboursOf(member: string, topic: string): readonly string[] {
    const byTopic = neighbours.get(member) ?? new Map<string, readonly string[]>()
    neighbours.set(member, byTopic)
    const known = byTopic.get(topic)
    if (known !== undefined) return known
    const near = connections.get(member)
    const found = [...(subscribers.get(topic) ?? [])].filter(other => other !== member && near?.has(other))
    byTopic.set(topic, found)
    return found
  }

  function spread(topic: string, frame: Uint8Array, from: string, to: readonly string[], has: Set<string>): void {
    /** Those whom it reaches at the same time, in one event. */
    const together = new Map<number, string[]>()
    for (const member of to) {
      if (has.has(member)) continue
      const when = arrival(from, member)
      if (when === undefined) continue
      has.add(member)
      const others = together.get(when)
      if (others === undefined) together.set(when, [member])
      else others.push(member)
    }
    for (const [when, members] of together) at(when, () => arrive(members, topic, frame, from, has))
  }

  function arrive(members: readonly string[], topic: string, frame: Uint8Array, from: string, has: Set<string>): void {
    for (const member of members) {
      if (!subscribers.get(topic)?.has(member)) continue
      const verdict = receive(member, from, topic, frame)
      if (verdict === 'accept') spread(topic, frame, member, neighboursOf(member, topic), has)
    }
  }

  return {
    connected(one, other) {
      for (const [at, peer] of [
        [one, other],
        [other, one],
      ] as const) {
        connections.set(at, (connections.get(at) ?? new Set()).add(peer))
        forget(at)
      }
    },
    disconnected(one, other) {
      connections.get(one)?.delete(other)
      connections.get(other)?.delete(one)
      forget(one)
      forget(other)
    },
    subscribe(member, topic) {
      subscribers.set(topic, (subscribers.get(topic) ?? new Set()).add(member))
      forgetTopic(topic)
    },
    unsubscribe(member, topic) {
      subscribers.get(topic)?.delete(member)
      forgetTopic(topic)
    },
    publish(member, topic, frame) {
      const to = neighboursOf(member, topic)
      spread(topic, frame, member, to, new Set([member]))
      return to.length
    },
    leave(member) {
      for (const other of connections.get(member) ?? []) {
        connections.get(other)?.delete(member)
        forget(other)
      }
      connections.delete(member)
      forget(member)
      for (const [topic, members] of subscribers) if (members.delete(member)) forgetTopic(topic)
    },
  }
}
