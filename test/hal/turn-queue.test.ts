import { describe, expect, it } from 'vitest'
import { type Turn, turnQueue, type Urgency } from '../../src/hal/turn-queue.ts'
import { afterSilence, patient } from '../../src/hal/unit-patience.ts'

interface Named extends Turn {
  readonly name: string
}
const turn = (name: string, unitId: number, urgency: Urgency = 'values', notBefore = 0): Named => ({
  name,
  unitId,
  urgency,
  notBefore,
})

function order(capacity: number, turns: readonly Named[], now = 0): string {
  const queue = turnQueue<Named>(capacity)
  for (const each of turns) queue.add(each)
  const taken: string[] = []
  for (let next = queue.take(now); next !== undefined; next = queue.take(now)) taken.push(next.name)
  return taken.join(' ')
}

describe('the queue of a bus', () => {
  it('lets writes go first, then what reads a status, then values', () => {
    expect(order(9, [turn('v', 1), turn('s', 1, 'status'), turn('w', 1, 'write')])).toBe('w s v')
  })

  it('goes round the units, however many requests one of them has', () => {
    expect(order(9, [turn('a1', 1), turn('a2', 1), turn('a3', 1), turn('b1', 2), turn('c1', 3), turn('b2', 2)])).toBe(
      'a1 b1 c1 a2 b2 a3',
    )
  })

  it('keeps the order within a unit', () => {
    expect(order(9, [turn('one', 1), turn('two', 1), turn('three', 1)])).toBe('one two three')
  })

  it('lets others go while one is to be patient', () => {
    const queue = turnQueue<Named>(9)
    queue.add(turn('busy', 1, 'write', 50))
    queue.add(turn('other', 2))
    expect(queue.take(49)?.name).toBe('other')
    expect(queue.take(49)).toBeUndefined()
    expect(queue.nextAt()).toBe(50)
    expect(queue.take(50)?.name).toBe('busy')
    expect(queue.nextAt()).toBeUndefined()
  })

  it('refuses a read when it is full', () => {
    const queue = turnQueue<Named>(2)
    expect(queue.add(turn('a', 1))).toBeUndefined()
    expect(queue.add(turn('b', 1))).toBeUndefined()
    expect(queue.add(turn('c', 1, 'status'))?.name).toBe('c')
    expect(queue.size).toBe(2)
  })

  it('takes a write when it is full: the youngest of the least urgent gives way', () => {
    const queue = turnQueue<Named>(3)
    for (const each of [turn('s', 1, 'status'), turn('v1', 1), turn('v2', 1)]) queue.add(each)
    expect(queue.add(turn('w1', 1, 'write'))?.name).toBe('v2')
    expect(queue.add(turn('w2', 1, 'write'))?.name).toBe('v1')
    expect(queue.add(turn('w3', 1, 'write'))?.name).toBe('s')
    expect(queue.add(turn('w4', 1, 'write'))?.name).toBe('w4') // writes alone are refused when nothing else is left
  })
})

describe('patience with a silent unit', () => {
  const pauses = (line: Parameters<typeof afterSilence>[1], times: number): number[] => {
    let state = patient
    return Array.from({ length: times }, () => {
      state = afterSilence(state, line, 1000)
      return state.notBefore - 1000
    })
  }

  it('is without end for a unit that is alone on a socket: it keeps nobody waiting', () => {
    expect(pauses({ timeoutMs: 500, isSerial: false, isShared: false }, 3)).toEqual([0, 0, 0])
  })

  it('gives the first time-out for free on a shared socket, and doubles from the second on', () => {
    expect(pauses({ timeoutMs: 500, isSerial: false, isShared: true }, 7)).toEqual([
      0, 1000, 2000, 4000, 8000, 10_000, 10_000,
    ])
  })

  it('waits out what may come late on a serial line', () => {
    expect(pauses({ timeoutMs: 300, isSerial: true, isShared: false }, 2)).toEqual([300, 300])
    expect(pauses({ timeoutMs: 300, isSerial: true, isShared: true }, 3)).toEqual([300, 600, 1200])
  })
})
