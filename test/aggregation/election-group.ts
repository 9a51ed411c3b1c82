// A group of members on a virtual clock and a network that loses, repeats, reorders and parts. One seed, one history.

import {
  type Beat,
  beatCodec,
  type ElectionEvent,
  type ElectionSettings,
  type ElectionState,
  election,
  electionDefaults,
  electionStart,
} from '../../src/aggregation/election.ts'
import { instant } from '../../topology/units.ts'
import { random } from './random.ts'

export const names = (members: number): string[] => Array.from({ length: members }, (_, i) => `R${i + 1}`)

interface Node {
  readonly settings: ElectionSettings
  state: ElectionState
  isAlive: boolean
  wakeAt: number
  /** Incarnation: what was under way before a death does not reach the next life. */
  life: number
  persisted: number
  announced: number
}

export function group(options: { seed: number; members: number; loss: number; delayMs: [number, number] }) {
  const chance = random(options.seed)
  const queue: Array<{ at: number; order: number; run: () => void }> = []
  const shrunkTerms: string[] = []
  const claims = new Set<string>()
  const twoClaimsOfOneTermBySameMember: string[] = []
  let { loss } = options
  let island: ReadonlySet<string> | undefined
  let now = 0
  let order = 0

  const members = new Set(names(options.members))
  const nodes = new Map<string, Node>()
  for (const ied of members) {
    const settings = { ...electionDefaults, ied, group: 'G', members }
    const state = electionStart(settings, 0, Math.floor(chance() * 4), instant(0))
    nodes.set(ied, { settings, state, isAlive: true, wakeAt: -1, life: 0, persisted: 0, announced: 0 })
  }

  const at = (when: number, run: () => void) => void queue.push({ at: when, order: order++, run })

  function feed(node: Node, event: ElectionEvent): void {
    if (!node.isAlive) return
    const { life } = node
    const step = election(node.settings)(node.state, event, instant(now))
    if (step.state.term < node.state.term)
      shrunkTerms.push(`${node.settings.ied} state ${node.state.term} > ${step.state.term}`)
    node.state = step.state
    for (const action of step.actions) {
      if (action.kind === 'announce') publish(node, action.beat)
      if (action.kind === 'persistTerm') {
        at(now + 1 + chance() * 5, () => {
          if (node.life !== life) return
          node.persisted = Math.max(node.persisted, action.term)
          feed(node, { kind: 'termPersisted', term: action.term })
        })
      }
      if (action.kind === 'becameAggregator') {
        const claim = `${node.settings.ied}:${action.term}`
        if (claims.has(claim)) twoClaimsOfOneTermBySameMember.push(claim)
        claims.add(claim)
      }
      if (action.kind === 'wake') {
        node.wakeAt = action.at
        at(action.at, () => {
          if (node.life === life && node.wakeAt === action.at) feed(node, { kind: 'tick' })
        })
      }
    }
  }

  function publish(from: Node, beat: Beat): void {
    if (beat.term < from.announced) shrunkTerms.push(`${beat.ied} announced ${from.announced} > ${beat.term}`)
    from.announced = beat.term
    const bytes = beatCodec.encode(beat)
    for (const [ied, to] of nodes) {
      if (to === from || (island && island.has(ied) !== island.has(beat.ied))) continue
      const copies = chance() < loss ? 0 : chance() < 0.05 ? 2 : 1
      const [least, most] = options.delayMs
      for (let i = 0; i < copies; i++) {
        at(now + least + chance() * (most - least), () => feed(to, { kind: 'beat', beat: beatCodec.decode(bytes) }))
      }
    }
  }

  const alive = () => [...nodes.values()].filter(node => node.isAlive && node.state.phase !== 'left')
  const start = (node: Node) => at(now + chance() * 500, () => feed(node, { kind: 'tick' }))
  for (const node of nodes.values()) start(node)

  return {
    shrunkTerms,
    twoClaimsOfOneTermBySameMember,
    run(until: number) {
      for (;;) {
        queue.sort((a, b) => a.at - b.at || a.order - b.order)
        const next = queue[0]
        if (!next || next.at > until) break
        queue.shift()
        now = next.at
        next.run()
      }
      now = until
    },
    kill(ied: string) {
      const node = nodes.get(ied)
      if (!node) return
      node.isAlive = false
      node.life++
    },
    reviveAll() {
      for (const node of nodes.values()) {
        if (node.isAlive) continue
        node.state = electionStart(node.settings, node.persisted, node.state.fitness, instant(now))
        node.isAlive = true
        start(node)
      }
    },
    leave: (ied: string) => {
      const node = nodes.get(ied)
      if (node) feed(node, { kind: 'leave' })
    },
    partition(names: readonly string[]) {
      island = new Set(names)
    },
    heal() {
      island = undefined
    },
    quieten() {
      loss = 0
    },
    aggregators: () =>
      alive()
        .filter(node => node.state.phase === 'aggregator')
        .map(node => node.settings.ied),
    term: () => Math.max(...alive().map(node => node.state.term)),
    states: () => alive().map(node => [node.settings.ied, node.state, node.settings] as const),
  }
}
