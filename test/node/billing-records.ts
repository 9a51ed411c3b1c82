// What an agent's ledger holds of class `billing`, read from its disk.

import { type Reading, readingIn } from '../../src/aggregation/reading.ts'
import { bodyCodec, headerCodec } from '../../src/aggregation/record.ts'
import type { Desk } from './command-site.ts'

export const billingContents = ({ disk }: Pick<Desk, 'disk'>): Uint8Array[] =>
  [...disk.values.keys()]
    .filter(key => key.startsWith('ledger/header/'))
    .sort()
    .flatMap(key => {
      const body = disk.values.get(key.replace('header', 'body'))
      const isBilling = headerCodec.decode(disk.values.get(key) as Uint8Array).class === 'billing'
      return isBilling && body !== undefined ? [bodyCodec.decode(body).content] : []
    })

export const billingReadings = (desk: Pick<Desk, 'disk'>): Reading[] =>
  billingContents(desk).flatMap(each => readingIn(each) ?? [])
