import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { questions } from '../../src/mesh/link-questions.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const question = new Uint8Array([1])
function asking(firstRepeatMs = 3) {
  const puts: string[] = []
  let at = 0
  const asked = questions({
    neighbour: 'R2',
    now: () => at,
    firstRepeatMs: () => firstRepeatMs,
    put: (number, _, isUrgent) => puts.push(`${number}@${at}${isUrgent ? '!' : ''}`),
  })
  const pass = async (ms: number): Promise<void> => {
    for (let n = 0; n < ms; n++) {
      at++
      await vi.advanceTimersByTimeAsync(1)
    }
  }
  return { asked, puts, pass }
}
const outcome = (promise: Promise<Uint8Array>): Promise<string> =>
  promise.then(
    answer => `answer ${[...answer]}`,
    error => `${error.code} ${error.message}`,
  )

describe('a question to a neighbour', () => {
  it('is put again after 3, 3, 6, 12 ... ms, by every way from the third time on, until it is answered', async () => {
    const { asked, puts, pass } = asking()
    const said = outcome(asked.ask(question, { timeoutMs: 1000 }))
    await pass(30)
    asked.answered(1, new Uint8Array([7]))
    expect(await said).toBe('answer 7')
    await pass(200)
    expect(puts).toEqual(['1@0', '1@3', '1@6!', '1@12!', '1@24!'])
  })
  it('fails when its time is up, and not a ms sooner', async () => {
    const { asked, puts, pass } = asking()
    const said = outcome(asked.ask(question, { timeoutMs: 10 }))
    await pass(10)
    expect(await said).toBe('MESH_UNREACHABLE R2: no answer in 10 ms')
    expect(puts).toEqual(['1@0', '1@3', '1@6!'])
    const next = outcome(asked.ask(question, { timeoutMs: 10 }))
    await pass(9)
    asked.answered(2, question)
    expect(await next).toBe('answer 1')
  })
  it('takes no answer to another one, and no second one', async () => {
    const { asked, pass } = asking()
    const [first, second] = [1, 2].map(() => outcome(asked.ask(question, { timeoutMs: 10 })))
    asked.answered(2, new Uint8Array([2]))
    asked.answered(2, new Uint8Array([3]))
    asked.answered(99, new Uint8Array([4]))
    await pass(10)
    expect(await second).toBe('answer 2')
    expect(await first).toContain('MESH_UNREACHABLE')
  })
  it('is refused where nobody answers', async () => {
    const { asked } = asking()
    const said = outcome(asked.ask(question, { timeoutMs: 10 }))
    asked.answered(1, undefined)
    expect(await said).toBe('MESH_REFUSED R2: there is nobody who answers')
  })
  it('can be given up, before and after it is put', async () => {
    const { asked, puts, pass } = asking()
    const stop = new AbortController()
    const said = outcome(asked.ask(question, { timeoutMs: 1000, signal: stop.signal }))
    await pass(1)
    stop.abort()
    expect(await said).toBe('MESH_UNREACHABLE R2: given up')
    expect(await outcome(asked.ask(question, { timeoutMs: 1000, signal: stop.signal }))).toContain('given up')
    await pass(50)
    expect(puts).toEqual(['1@0'])
  })
  it('fails at once as the 257th that is open, and all fail when the link goes', async () => {
    const { asked } = asking()
    const open = Array.from({ length: 256 }, () => outcome(asked.ask(question, { timeoutMs: 1000 })))
    expect(await outcome(asked.ask(question, { timeoutMs: 1000 }))).toContain('256 questions are open')
    asked.close()
    expect(new Set(await Promise.all(open))).toEqual(new Set(['MESH_UNREACHABLE R2: the link has gone']))
  })
})
