import { describe, expect, it } from 'vitest'
import { turns } from '../../src/node/turns.ts'

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('turns', () => {
  it('begins a few at a time, in the order of asking', async () => {
    const { run } = turns({ atOnce: 2, waitingBytes: 1000 })
    const begun: number[] = []
    const ends: (() => void)[] = []
    const jobs = [0, 1, 2, 3].map(n =>
      run(1, () => {
        begun.push(n)
        return new Promise<number>(resolve => ends.push(() => resolve(n)))
      }),
    )
    await turn()
    await turn()
    expect(begun).toEqual([0, 1])
    ends[1]?.()
    expect(await jobs[1]).toBe(1)
    await turn()
    expect(begun).toEqual([0, 1, 2])
    ends[0]?.()
    ends[2]?.()
    await jobs[2]
    await turn()
    ends[3]?.()
    expect(await Promise.all(jobs)).toEqual([0, 1, 2, 3])
  })

  it('lets all else have its turn between two jobs that compute', async () => {
    const { run } = turns({ atOnce: 1, waitingBytes: 1000 })
    const order: string[] = []
    const jobs = ['a', 'b', 'c'].map(name => run(1, async () => void order.push(name)))
    setImmediate(() => order.push('else'))
    await Promise.all(jobs)
    expect(order).toEqual(['a', 'else', 'b', 'c'])
  })

  it('goes on after a job that fails, and gives its error to who asked', async () => {
    const { run } = turns({ atOnce: 1, waitingBytes: 1000 })
    const failing = run(1, () => Promise.reject(new Error('no')))
    const next = run(1, async () => 'yes')
    await expect(failing).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })

  it('refuses what would wait beyond its limit, and takes it once there is room', async () => {
    const { run } = turns({ atOnce: 1, waitingBytes: 10 })
    const first = run(8, async () => 1)
    await expect(run(3, async () => 2)).rejects.toThrow(/busy/)
    expect(await first).toBe(1)
    expect(await run(3, async () => 3)).toBe(3)
    // One alone is taken, however large.
    expect(await run(100, async () => 4)).toBe(4)
  })
})
