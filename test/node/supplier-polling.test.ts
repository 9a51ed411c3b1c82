// When a customer's IED asks its suppliers.

import { describe, expect, it } from 'vitest'
import type { LinkPeer } from '../../src/mesh/links.ts'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import type { AcceptedSupplier } from '../../src/node/supplier-config.ts'
import { pollSuppliers } from '../../src/node/supplier-polling.ts'
import { instant } from '../../topology/units.ts'

const accept = ['grid', 'sun'].map(name => ({ name, organisation: name, backEnd: `${name}-backend` }))

function customer({ chance = 0.5, silent = 0 } = {}) {
  let now = 0
  let change: (name: string, organisation: string, state: 'up' | 'down') => void = () => {}
  const wakes = new Set<{ readonly at: number; readonly run: () => void }>()
  const inside = bus((_, error) => expect.unreachable(error.stack))
  const asked: string[] = []
  const context = {
    bus: inside,
    chance: () => chance,
    clock: {
      now: () => instant(now),
      wakeAt(at: number, run: () => void) {
        const wake = { at, run }
        wakes.add(wake)
        return () => void wakes.delete(wake)
      },
    },
    links: {
      onPeer(listener: (peer: LinkPeer, state: 'up' | 'down') => void) {
        change = (name, organisation, state) =>
          listener({ credential: { name, organisation } } as unknown as LinkPeer, state)
      },
    },
  } as unknown as ComponentContext
  const stop = pollSuppliers(
    context,
    { accept: accept as unknown as AcceptedSupplier[], fetchSpreadSeconds: 10 },
    async at => {
      asked.push(`${at?.name ?? 'all'}@${now}`)
      return new Map([['sun', { isAnswered: asked.length > silent }]])
    },
  )
  return {
    asked,
    stop,
    started: () => inside.emit('components-started', {}),
    changed: (name: string, organisation: string, state: 'up' | 'down') => change(name, organisation, state),
    until(to: number) {
      for (;;) {
        const next = [...wakes].sort((a, b) => a.at - b.at)[0]
        if (next === undefined || next.at > to) break
        wakes.delete(next)
        now = next.at
        next.run()
      }
      now = to
    },
  }
}

/** Second by second: an answer is there two turns after the question. */
async function pass(one: Pick<ReturnType<typeof customer>, 'until'>, seconds: number): Promise<void> {
  for (let second = 0; second <= seconds; second++) {
    one.until(second * 1000)
    await undefined
    await undefined
  }
}

describe('a customer asks', () => {
  it('all its suppliers five seconds after its start', () => {
    const { asked, started, until } = customer()
    started()
    until(4_999)
    expect(asked).toEqual([])
    until(60_000)
    expect(asked).toEqual(['all@5000'])
  })

  it('one that comes, and comes back, at a time drawn within the spread; nobody else', () => {
    const { asked, changed, until } = customer({ chance: 0.25 })
    changed('sun-backend', 'sun', 'up')
    changed('sun-backend', 'grid', 'up')
    changed('meter', 'sun', 'up')
    until(10_000)
    expect(asked).toEqual(['sun-backend@2500'])
    changed('sun-backend', 'sun', 'down')
    until(20_000)
    expect(asked).toHaveLength(1)
    changed('sun-backend', 'sun', 'up')
    until(40_000)
    expect(asked).toEqual(['sun-backend@2500', 'sun-backend@22500'])
  })

  it('one that comes and goes a hundred times as often as the spread allows', () => {
    const { asked, changed, until } = customer({ chance: 1 })
    for (let n = 0; n < 100; n++) {
      until(n * 100)
      changed('grid-backend', 'grid', 'up')
      changed('grid-backend', 'grid', 'down')
    }
    until(60_000)
    expect(asked).toEqual(['grid-backend@10000'])
  })

  it('one that does not answer again, later and later, until it does, and not for ever', async () => {
    const soon = customer({ silent: 2 })
    soon.changed('sun-backend', 'sun', 'up')
    await pass(soon, 600)
    expect(soon.asked).toEqual(['sun-backend@5000', 'sun-backend@15000', 'sun-backend@35000'])
    const never = customer({ silent: 100 })
    never.changed('sun-backend', 'sun', 'up')
    await pass(never, 3600)
    expect(never.asked).toHaveLength(6)
  })

  it('nobody once it has stopped', () => {
    const { asked, changed, started, stop, until } = customer()
    started()
    changed('grid-backend', 'grid', 'up')
    stop()
    changed('sun-backend', 'sun', 'up')
    until(60_000)
    expect(asked).toEqual([])
  })
})
