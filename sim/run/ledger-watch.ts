// The readings that each IED has acknowledged to itself: appended to its ledger and durable. Listened for where the agent
// meets its disk, so that a crash cannot take them out of the account.

import { readingIn } from '../../src/aggregation/reading.ts'
import { bodyCodec, headerCodec } from '../../src/aggregation/record.ts'
import type { Store } from '../../src/aggregation/store.ts'
import { below, numberIn } from '../../src/aggregation/store-keys.ts'
import type { AgentPorts } from '../../src/node/run-agent.ts'

/** What a register showed at the ends of a reading. */
export interface Registers {
  readonly start: bigint
  readonly end: bigint
}

export interface LedgerWatch {
  /** Listens at an agent's store. */
  ports(name: string, ports: AgentPorts): AgentPorts
  /** By number in the IED's ledger. */
  readingsOf(ied: string): ReadonlyMap<number, Registers>
  /** Of the agent's present or last life. */
  storeOf(agent: string): Store | undefined
}

const [HEADERS, BODIES] = ['header', 'body'].map(part => below('ledger', part)[0]) as [string, string]

export function ledgerWatch(): LedgerWatch {
  const readings = new Map<string, Map<number, Registers>>()
  const stores = new Map<string, Store>()

  function heard(ied: string, changes: Parameters<Store['batch']>[0]): void {
    const classes = new Map<number, string>()
    for (const { put, value } of changes) {
      if (put?.startsWith(HEADERS) && value) classes.set(numberIn(put), headerCodec.decode(value).class)
    }
    for (const { put, value } of changes) {
      if (!put?.startsWith(BODIES) || value === undefined) continue
      const number = numberIn(put)
      const reading = classes.get(number) === 'billing' ? readingIn(bodyCodec.decode(value).content) : undefined
      if (reading === undefined) continue
      const own = readings.get(ied) ?? new Map<number, Registers>()
      readings.set(ied, own.set(number, { start: reading.importWhStart, end: reading.importWhEnd }))
    }
  }

  return {
    ports(name, ports) {
      const { store } = ports
      stores.set(name, store)
      return {
        ...ports,
        store: {
          ...store,
          async batch(changes, options) {
            await store.batch(changes, options)
            if (options.durable) heard(name, changes)
          },
        },
      }
    },
    readingsOf: ied => readings.get(ied) ?? new Map(),
    storeOf: agent => stores.get(agent),
  }
}
