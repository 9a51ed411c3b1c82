// Carries orders to the IED that they are for, and its answers back.
//
// Whoever orders need not be connected to the IED: any agent passes a question on, to the IED itself if it is connected,
// else toward it along the feeder. What is passed on is signed end to end, sealed parts included, so passing needs no trust; it is bounded in
// hops and in how many at once. Nobody passes on for the one that the question came from, so none goes round in circles
// for longer than its hops last.

import type { Feeder } from '../../topology/feeder.ts'
import { readEnvelope } from '../mesh/envelope.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import type { Links } from '../mesh/links.ts'
import { MeshError } from '../mesh/mesh-error.ts'
import {
  COMMAND_PROTOCOL,
  type CommandQuestion,
  decodeQuestion,
  encodeLost,
  encodeQuestion,
} from './command-protocol.ts'
import { isMachine } from './command-rights.ts'
import type { SignedOrder } from './signed-order.ts'

/** Below what a served question may take in all. */
const PASS_ON_MS = 9000
/** Questions on their way or being answered. More are refused at once: whoever asks tries again. */
const AT_ONCE = 32
/** Of one peer, so that none keeps the others from ordering. The one above a whole feeder passes on for many. */
const AT_ONCE_EACH = 16

export type AnswersHere = (question: CommandQuestion) => Promise<Uint8Array>

export interface CommandPost {
  /** The command desk of this agent. */
  answerHere(answer: AnswersHere): void
  /** @throws MeshError MESH_UNREACHABLE, MESH_REFUSED */
  ask(question: CommandQuestion, timeoutMs: number): Promise<Uint8Array>
}

export interface CommandPostOptions {
  readonly name: string
  readonly feeder: Feeder
  readonly links: Links
  readonly verify: VerifySignature
}

export function commandPost({ name, feeder, links, verify }: CommandPostOptions): CommandPost {
  let here: AnswersHere = async () => {
    throw new Error(`${name} takes no orders`)
  }
  /** By peer. */
  const underWay = new Map<string, number>()

  async function ask(question: CommandQuestion, timeoutMs: number, from?: string): Promise<Uint8Array> {
    if (question.to === name) return here(question)
    if (question.kind === 'order') checkPassedOn(question.order)
    if (question.hops === 0) throw new MeshError('MESH_UNREACHABLE', `${question.to} is too far from ${name}`)
    const next = nextTo(question.to, from)
    if (next === undefined) throw new MeshError('MESH_UNREACHABLE', `${name} knows no way to ${question.to}`)
    const passedOn = encodeQuestion({ ...question, hops: question.hops - 1 })
    try {
      return await links.request(next, COMMAND_PROTOCOL, passedOn, { timeoutMs })
    } catch (error) {
      // The order may have got there, and have been carried out. What goes back from here as an error is a refusal.
      const isLost = question.kind === 'order' && (error as MeshError).code !== 'MESH_REFUSED'
      if (from === undefined || !isLost) throw error
      return encodeLost(`${name} had no answer from ${question.to}: ${(error as Error).message}`)
    }
  }

  /** What was changed on its way goes no further, whatever of it can be read here. Whether its signers may order is the IED's. */
  function checkPassedOn({ envelopes }: SignedOrder): void {
    if (envelopes.every(raw => readEnvelope(raw, verify).verify())) return
    throw new MeshError('MESH_REFUSED', 'order: a signature is not valid')
  }

  /** The peer to ask next: the IED itself, else the nearest to it of those above it, else the one above this one. */
  function nextTo(to: string, from: string | undefined): string | undefined {
    const peers = new Map(
      links
        .peers()
        .filter(({ peerId, credential }) => isMachine(credential.roles) && peerId !== from)
        .map(({ peerId, credential }) => [credential.name, peerId]),
    )
    const found = wayTo(to).find(each => peers.has(each))
    return found === undefined ? undefined : peers.get(found)
  }

  function wayTo(to: string): string[] {
    const isIed = (each: string): boolean => feeder.file.ieds.some(ied => ied.name === each)
    const above = isIed(to) ? feeder.upstreamIeds({ ied: to }) : []
    // Those above this one are no nearer to it than this one is.
    const nearer = above.includes(name) ? above.slice(0, above.indexOf(name)) : above
    const parent = isIed(name) ? feeder.parent(name) : undefined
    return [to, ...nearer, ...(parent === undefined ? [] : [parent])]
  }

  links.serve(COMMAND_PROTOCOL, async (from, bytes) => {
    const own = underWay.get(from.peerId) ?? 0
    const all = [...underWay.values()].reduce((sum, some) => sum + some, 0)
    if (own >= AT_ONCE_EACH || all >= AT_ONCE) {
      throw new Error(`${name} has ${own} of your questions under way, ${all} in all: ask again`)
    }
    underWay.set(from.peerId, own + 1)
    try {
      return await ask(decodeQuestion(bytes), PASS_ON_MS, from.peerId)
    } finally {
      const left = (underWay.get(from.peerId) ?? 1) - 1
      if (left === 0) underWay.delete(from.peerId)
      else underWay.set(from.peerId, left)
    }
  })

  return {
    answerHere: answer => {
      here = answer
    },
    ask: (question, timeoutMs) => ask(question, timeoutMs),
  }
}
