// What an agent does of its own accord: an opening waits for nothing, and a closing gives way to everything.

import { describe, expect, it } from 'vitest'
import { memoryHal } from '../../src/hal/memory-hal.ts'
import { HalError, type Status } from '../../src/hal/port.ts'
import { automaticOperations } from '../../src/node/automatic-operation.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import type { LoadDesk } from '../../src/node/load-desk.ts'
import type { OrderedOperation } from '../../src/protection/ordered-operation.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

const of = (operation: OrderedOperation['operation']): OrderedOperation =>
  ({ operation, of: 'load', device: 'x' }) as never

function agent(show: {
  status: Omit<Status, 'at'> | 'silent'
  operate?: (operation: string) => Promise<void>
  held?: string
}) {
  const own = memoryHal({ now: () => instant(0), utc: () => utcMs(0) })
  const done: string[] = []
  const reports: string[] = []
  const hal = {
    ...own,
    async status(): Promise<Status> {
      if (show.status === 'silent') throw new HalError('HAL_TIMEOUT', 'nobody there')
      return { at: instant(0), ...show.status }
    },
    async operate(operation: string) {
      await show.operate?.(operation)
      done.push(operation)
    },
  }
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  const context = {
    name: 'recloser',
    feeder: createFeeder(smallFeeder()),
    hal,
    bus: inside,
    loads: { of: () => ({ refusal: () => show.held }) as unknown as LoadDesk },
    report: (event: string, { operation }: Record<string, unknown>) => void reports.push(`${event} ${operation}`),
  } as unknown as ComponentContext
  return { operations: automaticOperations(context), done, reports, inside }
}

describe('an opening', () => {
  it('is left alone where the device is open already', async () => {
    const { operations, done } = agent({ status: { position: 'open' } })
    expect(await operations.operate(of('open'), 'test')).toBe('was so')
    expect(done).toEqual([])
  })

  it('is carried out where the device shows itself open and cannot be believed', async () => {
    const { operations, done } = agent({ status: { position: 'open', doubts: { position: ['oldData'] } } })
    expect(await operations.operate(of('open'), 'test')).toBe('done')
    expect(done).toEqual(['open'])
  })

  it('is carried out where the device does not answer', async () => {
    const { operations, done } = agent({ status: 'silent' })
    expect(await operations.operate(of('open'), 'test')).toBe('done')
    expect(done).toEqual(['open'])
  })

  it('does not wait for a closing under way, nor takes the position before it for granted', async () => {
    let confirm = (): void => {}
    const confirmed = new Promise<void>(resolve => {
      confirm = resolve
    })
    const slow = (operation: string): Promise<void> => (operation === 'close' ? confirmed : Promise.resolve())
    const { operations, done } = agent({ status: { position: 'open', pickup: false }, operate: slow })
    const closing = operations.operate(of('close'), 'test')
    await new Promise(resolve => setImmediate(resolve))
    expect(await operations.operate(of('open'), 'test')).toBe('done')
    expect(done).toEqual(['open'])
    confirm()
    await closing
  })
})

describe('a closing', () => {
  it('does not follow an opening that came while it looked', async () => {
    const { operations, done, reports } = agent({ status: { position: 'open', pickup: false } })
    const closing = operations.operate(of('close'), 'test')
    await Promise.resolve()
    await operations.operate(of('open'), 'test')
    expect(await closing).toBe('held back')
    expect(done).toEqual(['open'])
    expect(reports).toContain('reaction-inhibited close')
  })

  it.each([
    ['doubted', { position: 'open', pickup: false, doubts: { pickup: ['failure'] } } as const],
    ['silent', 'silent' as const],
  ])('is not carried out on a status that is %s', async (_, status) => {
    const { operations, done } = agent({ status })
    expect(await operations.operate(of('close'), 'test')).toBe('failed')
    expect(done).toEqual([])
  })
})
