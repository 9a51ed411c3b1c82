import { describe, expect, it } from 'vitest'
import { ORIGINS_BY_ONE, ORIGINS_KEPT, unknownOrigins } from '../../src/mesh/unknown-origins.ts'

interface Copy {
  readonly from: string
  readonly what: string
}

function desk(answers: (peerId: string, from: string) => Promise<string | undefined>) {
  const asked: string[] = []
  const used: string[] = []
  const origins = unknownOrigins<Copy, string>({
    ask(peerId, from) {
      asked.push(`${from} about ${peerId}`)
      return answers(peerId, from)
    },
    learnt: (found, copies) => used.push(`${found}: ${copies.map(({ what }) => what)}`),
  })
  return { asked, used, wait: origins.wait }
}

const never = (): Promise<undefined> => new Promise(() => {})

describe('a message of an unknown origin', () => {
  it('waits until its deliverer has told who that is', async () => {
    const { asked, used, wait } = desk(async peerId => `credential of ${peerId}`)
    await wait('a', { from: 'x', what: 'first' })
    expect(asked).toEqual(['x about a'])
    expect(used).toEqual(['credential of a: first'])
  })

  it('is asked for at whoever delivers the next copy, when the first one does not know', async () => {
    let saysNo = (): void => {}
    const no = new Promise<undefined>(resolve => {
      saysNo = () => resolve(undefined)
    })
    const { asked, used, wait } = desk(async (_, from) => (from === 'y' ? 'found' : no))
    const first = wait('a', { from: 'x', what: 'one' })
    await wait('a', { from: 'x', what: 'two' })
    await wait('a', { from: 'y', what: 'three' })
    saysNo()
    await first
    expect(asked).toEqual(['x about a', 'y about a'])
    expect(used).toEqual(['found: one,two,three'])
  })

  it('is dropped when nobody knows, and asked for anew when it comes again', async () => {
    const { asked, used, wait } = desk(async () => undefined)
    await wait('a', { from: 'x', what: 'one' })
    await wait('a', { from: 'x', what: 'two' })
    expect(asked).toHaveLength(2)
    expect(used).toEqual([])
  })

  it('is held up by no deliverer that invents origins', async () => {
    const { asked, wait } = desk(never)
    for (let n = 0; n < 100; n++) void wait(`invented ${n}`, { from: 'liar', what: '' })
    expect(asked).toHaveLength(ORIGINS_BY_ONE)
    void wait('real', { from: 'honest', what: '' })
    expect(asked).toHaveLength(ORIGINS_BY_ONE + 1)
  })

  it('waits among a bounded number of others', async () => {
    const { asked, wait } = desk(never)
    for (let n = 0; n < 100; n++) void wait(`origin ${n}`, { from: `peer ${n}`, what: '' })
    expect(asked).toHaveLength(ORIGINS_KEPT)
  })
})
