// A contract holds from its record in the ledger on, whatever fails or stops in between.

import { describe, expect, it } from 'vitest'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { keptContracts, type PendingContract } from '../../src/node/contracts.ts'

const grid: PendingContract = {
  supplier: 'grid',
  stayUntilUtcMs: 5,
  sha256: 'aa',
  text: 'tariff of grid',
  fromUtcMs: 0,
  after: 0,
}
const sun: PendingContract = {
  supplier: 'sun',
  stayUntilUtcMs: 9,
  sha256: 'bb',
  text: 'tariff of sun',
  fromUtcMs: 7,
  after: 3,
}

async function site() {
  const disk = memoryDisk()
  const recorded = new Set<string>()
  const isRecorded = async ({ sha256 }: PendingContract) => recorded.has(sha256)
  const record = (each: PendingContract) => async () => void recorded.add(each.sha256)
  const open = async () => {
    const store = openMemoryStore(disk)
    const contracts = await keptContracts(store)
    const agree = (each: PendingContract, how = record(each)) => contracts.agree(each, how, isRecorded)
    const names = () => contracts.spans().map(({ supplier, text }) => `${supplier}: ${text}`)
    return { store, contracts, agree, names }
  }
  const first = await open()
  await first.agree(grid)
  return { ...first, recorded, record, isRecorded, open }
}
const GRID = ['grid: tariff of grid']
const BOTH = [...GRID, 'sun: tariff of sun']

describe('a contract', () => {
  it('whose record the ledger refuses is none, now and after a restart, and is agreed later', async () => {
    const { agree, names, store, open, isRecorded } = await site()
    const full = async () => {
      throw new Error('LEDGER_FULL')
    }
    await expect(agree(sun, full)).rejects.toThrow('LEDGER_FULL')
    expect(names()).toEqual(GRID)
    await store.close()
    const next = await open()
    expect(await next.contracts.settle(isRecorded)).toBeUndefined()
    expect(next.names()).toEqual(GRID)
    await next.agree(sun)
    expect(next.names()).toEqual(BOTH)
  })

  it.each([
    ['before the record', false, GRID],
    ['between the record and the contract', true, BOTH],
  ])('that a kill interrupts %s', async (_, isThere, then) => {
    const { agree, store, open, recorded, isRecorded } = await site()
    const never = new Promise<never>(() => {})
    void agree(sun, async () => {
      if (isThere) recorded.add(sun.sha256)
      return never
    })
    await new Promise(setImmediate)
    store.crash()
    const next = await open()
    expect(await next.contracts.settle(isRecorded)).toBe(isThere ? 'sun' : undefined)
    expect(next.names()).toEqual(then)
    expect(next.contracts.state()).toMatchObject(
      isThere ? { supplier: 'sun', stayUntilUtcMs: 9 } : { supplier: 'grid' },
    )
  })

  it('whose record was kept although its write was said to have failed holds from the next look on', async () => {
    const { agree, contracts, names, recorded, isRecorded } = await site()
    const lied = async () => {
      recorded.add(sun.sha256)
      throw new Error('LEDGER_FAILED')
    }
    await expect(agree(sun, lied)).rejects.toThrow('LEDGER_FAILED')
    expect(await contracts.settle(isRecorded)).toBe('sun')
    expect(names()).toEqual(BOTH)
  })

  it('that holds and could not be written is not lost when the next one is about to be agreed', async () => {
    const { agree, store, open, record, recorded, isRecorded, contracts } = await site()
    const batch = store.batch
    await agree(sun, async () => {
      recorded.add(sun.sha256)
      store.batch = async () => {
        throw new Error('no room')
      }
    })
    store.batch = batch
    expect(contracts.spans()).toHaveLength(2)
    const moon = { ...sun, supplier: 'moon', sha256: 'cc', text: 'tariff of moon', fromUtcMs: 8 }
    void agree(moon, async () => {
      await record(moon)()
      return new Promise<never>(() => {})
    })
    await new Promise(setImmediate)
    store.crash()
    const next = await open()
    expect(await next.contracts.settle(isRecorded)).toBe('moon')
    expect(next.names()).toEqual([...BOTH, 'moon: tariff of moon'])
  })

  it('keeps its supplier and stay when something else of the choice is kept', async () => {
    const { contracts } = await site()
    await contracts.keep({ supplier: 'other', stayUntilUtcMs: 1, isReduced: true, usage: 'excess' })
    expect(contracts.state()).toMatchObject({ supplier: 'grid', stayUntilUtcMs: 5, isReduced: true, usage: 'excess' })
  })
})
