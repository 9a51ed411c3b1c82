// Questions and answers between two members of the virtual network: there and back, each way with the network's own delay and
// loss. A question on a protection link is put again until it is answered; one of a protocol is put once, as over TCP.

import type { Credential } from '../../src/mesh/credential.ts'
import { MeshError } from '../../src/mesh/mesh-error.ts'
import type { Scheduler } from './scheduler.ts'
import type { Life } from './virtual-clock.ts'

const ASK_AGAIN_MS = 20

export interface Questioned {
  readonly peerId: string
  readonly life: Life
  /** What it shows now. */
  readonly credential: Credential
  asked(from: string, question: Uint8Array): Uint8Array | undefined
  answer(from: Credential, protocol: string, question: Uint8Array): Promise<Uint8Array>
}

export interface VirtualQuestions<Member extends Questioned> {
  /** @throws MeshError MESH_UNREACHABLE, MESH_REFUSED */
  request(
    from: Member,
    to: Member,
    protocol: string,
    question: Uint8Array,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array>
  askSelf(self: Member, protocol: string, question: Uint8Array): Promise<Uint8Array>
  ask(from: Member, to: Member, question: Uint8Array, timeoutMs: number): Promise<Uint8Array>
  /** @returns there and back, virtual ms; never where it is lost */
  probe(from: Member, to: Member): Promise<number>
}

/** @param carry takes something over, once, twice or not at all */
export function virtualQuestions<Member extends Questioned>(
  scheduler: Scheduler,
  carry: (from: Member, to: Member, deliver: () => void) => boolean,
): VirtualQuestions<Member> {
  return {
    request(from, to, protocol, question, timeoutMs, signal) {
      return new Promise<Uint8Array>((resolve, reject) => {
        const fail = (reason: string): void => {
          end()
          reject(new MeshError('MESH_UNREACHABLE', `${protocol}: ${reason}`))
        }
        const cancel = scheduler.at(scheduler.now() + timeoutMs, () => {
          if (!from.life.isOver) fail('no answer in time')
        })
        const giveUp = (): void => fail('given up')
        const end = (): void => {
          cancel()
          signal?.removeEventListener('abort', giveUp)
        }
        if (signal?.aborted) return giveUp()
        signal?.addEventListener('abort', giveUp)
        carry(from, to, () => {
          const back = (settle: () => void): void => {
            if (to.life.isOver) return
            carry(to, from, () => {
              end()
              settle()
            })
          }
          to.answer(from.credential, protocol, question).then(
            answer => back(() => resolve(answer)),
            (cause: Error) => back(() => reject(new MeshError('MESH_REFUSED', cause.message, { cause }))),
          )
        })
      })
    },
    async askSelf(self, protocol, question) {
      try {
        return await self.answer(self.credential, protocol, question)
      } catch (cause) {
        throw new MeshError('MESH_REFUSED', (cause as Error).message, { cause })
      }
    },
    ask(from, to, question, timeoutMs) {
      return new Promise((resolve, reject) => {
        const end = scheduler.now() + timeoutMs
        let repeat = (): void => {}
        const put = (afterMs: number): void => {
          carry(from, to, () => {
            const answer = to.asked(from.peerId, question)
            if (answer === undefined) return
            carry(to, from, () => {
              repeat()
              resolve(answer)
            })
          })
          const again = scheduler.now() + afterMs
          repeat = scheduler.at(Math.min(again, end), () => {
            if (from.life.isOver) return
            if (again >= end) reject(new MeshError('MESH_UNREACHABLE', `${to.peerId}: no answer in time`))
            else put(afterMs * 2)
          })
        }
        put(ASK_AGAIN_MS)
      })
    },
    probe(from, to) {
      const began = scheduler.now()
      return new Promise(resolve => {
        const echo = (): void => void carry(to, from, () => resolve(scheduler.now() - began))
        carry(from, to, echo)
      })
    },
  }
}
