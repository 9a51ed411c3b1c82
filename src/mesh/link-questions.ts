// Questions to one neighbour, each numbered, repeated until it is answered. The answer repeats the number; one that
// comes twice, or late, is for nobody and is dropped.

import type { Patience } from './links.ts'
import { MeshError } from './mesh-error.ts'

export interface QuestionsOptions {
  /** Puts the question once more. `isUrgent` from the third time on: by every way there is. */
  put(number: number, question: Uint8Array, isUrgent: boolean): void
  /** When to repeat for the first time; once more after as long, then after twice, four times, ... as long. */
  firstRepeatMs(): number
  readonly neighbour: string
  /** Monotonic, ms. */
  now(): number
}

export interface Questions {
  ask(question: Uint8Array, patience: Patience): Promise<Uint8Array>
  /** Undefined: there is nobody who answers. */
  answered(number: number, answer: Uint8Array | undefined): void
  /** All that are open fail. */
  close(): void
}

interface Open {
  readonly number: number
  readonly question: Uint8Array
  readonly timeoutMs: number
  /** When it is put again, and when its time is up; monotonic, ms. */
  nextAt: number
  readonly endsAt: number
  gapMs: number
  puts: number
  resolve(answer: Uint8Array): void
  reject(error: MeshError): void
  readonly signal: AbortSignal | undefined
  giveUp: (() => void) | undefined
}

/** Further ones fail at once: whoever asks so much has lost count. */
const MAX_OPEN = 256

export function questions({ put, firstRepeatMs, neighbour, now }: QuestionsOptions): Questions {
  const open = new Map<number, Open>()
  let counter = 0
  // One timer for all of them. It is not taken back when an answer comes, as nearly always one does before it is due: it
  // then finds nothing to do. To set and clear one for each question would cost more than its packet does.
  let timer: NodeJS.Timeout | undefined
  let timerAt = Number.POSITIVE_INFINITY

  function wakeAt(at: number): void {
    if (at >= timerAt) return
    clearTimeout(timer)
    timerAt = at
    timer = setTimeout(turn, Math.max(1, Math.ceil(at - now())))
  }

  function turn(): void {
    timerAt = Number.POSITIVE_INFINITY
    const at = now()
    let next = Number.POSITIVE_INFINITY
    for (const each of open.values()) {
      if (at >= each.endsAt) {
        fail(each, new MeshError('MESH_UNREACHABLE', `${neighbour}: no answer in ${each.timeoutMs} ms`))
        continue
      }
      if (at >= each.nextAt) putOnce(each)
      next = Math.min(next, each.nextAt, each.endsAt)
    }
    if (next < Number.POSITIVE_INFINITY) wakeAt(next)
  }

  function putOnce(each: Open): void {
    put(each.number, each.question, each.puts >= 2)
    each.puts++
    each.nextAt += each.gapMs
    // Two packets of one exchange lost are rare, and of two of them in a row rarer: the second repeat need not wait longer.
    if (each.puts >= 2) each.gapMs *= 2
  }

  function end(each: Open): void {
    open.delete(each.number)
    if (each.giveUp !== undefined) each.signal?.removeEventListener('abort', each.giveUp)
  }

  function fail(each: Open, error: MeshError): void {
    end(each)
    each.reject(error)
  }

  function ask(question: Uint8Array, { timeoutMs, signal }: Patience): Promise<Uint8Array> {
    if (open.size >= MAX_OPEN || signal?.aborted === true) {
      const reason = signal?.aborted === true ? 'given up' : `${MAX_OPEN} questions are open already`
      return Promise.reject(new MeshError('MESH_UNREACHABLE', `${neighbour}: ${reason}`))
    }
    return new Promise((resolve, reject) => {
      counter = (counter + 1) >>> 0
      const number = counter
      const at = now()
      const asked: Open = {
        number,
        question,
        timeoutMs,
        nextAt: at,
        endsAt: at + timeoutMs,
        gapMs: firstRepeatMs(),
        puts: 0,
        resolve,
        reject,
        signal,
        giveUp: undefined,
      }
      open.set(number, asked)
      if (signal !== undefined) {
        asked.giveUp = () => fail(asked, new MeshError('MESH_UNREACHABLE', `${neighbour}: given up`))
        signal.addEventListener('abort', asked.giveUp)
      }
      putOnce(asked)
      wakeAt(Math.min(asked.nextAt, asked.endsAt))
    })
  }

  return {
    ask,
    answered(number, answer) {
      const each = open.get(number)
      if (each === undefined) return
      if (answer === undefined) {
        return fail(each, new MeshError('MESH_REFUSED', `${neighbour}: there is nobody who answers`))
      }
      end(each)
      each.resolve(answer)
    },
    close() {
      clearTimeout(timer)
      for (const each of open.values()) fail(each, new MeshError('MESH_UNREACHABLE', `${neighbour}: the link has gone`))
    },
  }
}
