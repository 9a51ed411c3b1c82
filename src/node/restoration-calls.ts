// Asks other IEDs about restoration, over the admitted connections; and judges who asks here, by the authority table.

import type { Feeder } from '../../topology/feeder.ts'
import { refusedBy } from '../mesh/authority.ts'
import type { Credential } from '../mesh/credential.ts'
import {
  decodeRestorationAnswer,
  decodeRestorationQuestion,
  encodeRestorationAnswer,
  encodeRestorationQuestion,
  RESTORATION_PROTOCOL,
  type RestorationAnswer,
  type RestorationQuestion,
} from '../protection/restoration/questions.ts'
import { operatorsOf } from '../protection/restoration/team.ts'
import { authorityTable } from './authority-table.ts'
import type { ComponentContext } from './component.ts'
import { feederMark } from './feeder-mark.ts'

/** Each kind of question without what is the same in all. */
export type Question = RestorationQuestion extends infer Q
  ? Q extends { feeder: Uint8Array }
    ? Omit<Q, 'feeder'>
    : never
  : never

/** Questions of others being answered. More are refused at once: whoever asks tries again. */
const AT_ONCE = 64
/** Of one peer, so that none keeps the others from asking. */
const AT_ONCE_EACH = 8

export function restorationCalls({ links, messenger, feeder, name }: ComponentContext) {
  const mark = feederMark(feeder)
  let underWay = 0
  const underWayOf = new Map<string, number>()
  const operators = operatorsOf(feeder.file)
  const leads = new Set(operators.values())
  const row = {
    ...authorityTable.restoration,
    claim: (_: Uint8Array, origin: Credential) => (leads.has(origin.name) ? undefined : 'not-a-switch'),
  }

  // No envelope carries it. The row is for `peers --why`, which tells whose counts here.
  messenger.on(row, () => {})

  return {
    /** @returns undefined when nothing, or nothing that is an answer, came in time */
    async ask(ied: string, question: Question, timeoutMs: number): Promise<RestorationAnswer | undefined> {
      const { organisation } = feeder.ied(ied)
      const peer = messenger.peerOf(ied, credential => credential.organisation === organisation)
      if (peer === undefined) return undefined
      const bytes = encodeRestorationQuestion({ ...question, feeder: mark } as RestorationQuestion)
      try {
        return decodeRestorationAnswer(await links.request(peer, RESTORATION_PROTOCOL, bytes, { timeoutMs }))
      } catch {
        return undefined
      }
    },
    /** Serves the protocol. `answer` is asked for whoever the table lets. */
    serve(answer: (question: RestorationQuestion, from: string) => Promise<RestorationAnswer>): void {
      links.serve(RESTORATION_PROTOCOL, async (from, bytes) => {
        if (underWay >= AT_ONCE) throw new Error(`${name} answers ${AT_ONCE} questions already: ask again`)
        const question = decodeRestorationQuestion(bytes)
        const refusal =
          refusedBy(row, from, isSame(question.feeder, mark), bytes, messenger.policy()) ?? notOf(feeder, from)
        if (refusal !== undefined) return encodeRestorationAnswer({ kind: 'refused', why: refusal })
        const own = underWayOf.get(from.name) ?? 0
        if (own >= AT_ONCE_EACH) throw new Error(`${name} answers ${own} questions of ${from.name} already: ask again`)
        underWay++
        underWayOf.set(from.name, own + 1)
        try {
          return encodeRestorationAnswer(await answer(question, from.name))
        } finally {
          underWay--
          const left = (underWayOf.get(from.name) ?? 1) - 1
          if (left === 0) underWayOf.delete(from.name)
          else underWayOf.set(from.name, left)
        }
      })
    },
  }
}
export type RestorationCalls = ReturnType<typeof restorationCalls>

const isSame = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

/** The file gives the name to one organisation: another one's peer of that name is not meant. */
const notOf = ({ file }: Feeder, { name, organisation }: Credential): string | undefined =>
  file.ieds.some(ied => ied.name === name && ied.organisation === organisation) ? undefined : 'organisation'
