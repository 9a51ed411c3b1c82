// The read-out of orders with parts for several readers, at every agent: of its own ledger, and of what it collected.

import type { Feeder } from '../../topology/feeder.ts'
import type { Collector } from '../aggregation/collector.ts'
import type { Credential } from '../mesh/credential.ts'
import type { Bus } from './component.ts'
import { type PortionedOrdersPorts, portionedOrders } from './portioned-orders.ts'

export interface OrderPortionPorts extends Pick<PortionedOrdersPorts, 'ledger' | 'sealing'> {
  readonly bus: Bus
  readonly feeder: Feeder
  /** Of this peer. */
  readonly owner: string
  readout(what: string, answer: (parameters: Record<string, unknown>, from: Credential) => Promise<unknown>): void
}

export function serveOrderPortions({ ledger, sealing, bus, feeder, owner, readout }: OrderPortionPorts): void {
  function collector(): Collector | undefined {
    let found: Collector | undefined
    bus.emit('collector-asked', {
      answer: given => {
        found = given
      },
    })
    return found
  }
  const ownerOf = (ied: string): string => feeder.file.ieds.find(({ name }) => name === ied)?.organisation ?? owner
  readout('order-portions', (parameters, from) =>
    portionedOrders({ ledger, sealing, collector, ownerOf }, parameters, from),
  )
}
