// Questions to one neighbour, each numbered, repeated until it is answered. The answer repeats the number; one that
// comes twice, or late, is for nobody and is dropped.

import type { Patience } from './links.ts'
import { MeshError } from './mesh-error.ts'

export interface QuestionsOptions {
  /** Puts the question once more. `isUrgent` from the third time on: by every way there is. */
  put(number: number, question: Uint8Array, isUrgent: boolean): void
  /** When to repeat for the first time; then after twice, four times, ... as long. */
  firstRepeatMs(): number
  readonly neighbour: string
}

export interface Questions {
  ask(question: Uint8Array, patience: Patience): Promise<Uint8Array>
  /** Undefined: there is nobody who answers. */
  answered(number: number, answer: Uint8Array | undefined): void
  /** All that are open fail. */
  close(): void
}

interface Open {
  done(answer: Uint8Array): void
  failed(error: MeshError): void
}

/** Further ones fail at once: whoever asks so much has lost count. */
const MAX_OPEN = 256

export function questions({ put, firstRepeatMs, neighbour }: QuestionsOptions): Questions {
  const open = new Map<number, Open>()
  let counter = 0

  function ask(question: Uint8Array, { timeoutMs, signal }: Patience): Promise<Uint8Array> {
    if (open.size >= MAX_OPEN || signal?.aborted === true) {
      const reason = signal?.aborted === true ? 'given up' : `${MAX_OPEN} questions are open already`
      return Promise.reject(new MeshError('MESH_UNREACHABLE', `${neighbour}: ${reason}`))
    }
    return new Promise((resolve, reject) => {
      counter = (counter + 1) >>> 0
      const number = counter
      // Whole ms: the timers of one length share a list.
      let gap = Math.ceil(firstRepeatMs())
      let left = timeoutMs
      let puts = 0
      let timer: NodeJS.Timeout | undefined
      const end = (): void => {
        clearTimeout(timer)
        open.delete(number)
        signal?.removeEventListener('abort', giveUp)
      }
      const failed = (error: MeshError): void => {
        end()
        reject(error)
      }
      const giveUp = (): void => failed(new MeshError('MESH_UNREACHABLE', `${neighbour}: given up`))
      const turn = (): void => {
        if (left <= 0) return failed(new MeshError('MESH_UNREACHABLE', `${neighbour}: no answer in ${timeoutMs} ms`))
        put(number, question, puts >= 2)
        puts++
        const wait = Math.min(gap, left)
        left -= wait
        gap *= 2
        timer = setTimeout(turn, wait)
      }
      open.set(number, {
        done(answer) {
          end()
          resolve(answer)
        },
        failed,
      })
      signal?.addEventListener('abort', giveUp)
      turn()
    })
  }

  return {
    ask,
    answered(number, answer) {
      if (answer !== undefined) return open.get(number)?.done(answer)
      open.get(number)?.failed(new MeshError('MESH_REFUSED', `${neighbour}: there is nobody who answers`))
    },
    close() {
      for (const { failed } of open.values())
        failed(new MeshError('MESH_UNREACHABLE', `${neighbour}: the link has gone`))
    },
  }
}
