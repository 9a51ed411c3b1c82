import { describe, expect, it } from 'vitest'
import { afterArrivals } from '../../src/node/after-arrivals.ts'

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(resolve => setImmediate(resolve))
}

describe('what waits for arrivals', () => {
  it('runs after this turn, one piece a turn, in order', async () => {
    const run: number[] = []
    for (const piece of [1, 2, 3]) afterArrivals(() => void run.push(piece))
    expect(run).toEqual([])
    await turns(1)
    expect(run).toEqual([1])
    await turns(1)
    expect(run).toEqual([1, 2])
    await turns(1)
    expect(run).toEqual([1, 2, 3])
  })
  it('goes on behind a piece that puts a further one, which comes last', async () => {
    const run: string[] = []
    afterArrivals(() => {
      run.push('first')
      afterArrivals(() => void run.push('further'))
    })
    afterArrivals(() => void run.push('second'))
    await turns(4)
    expect(run).toEqual(['first', 'second', 'further'])
  })
})
