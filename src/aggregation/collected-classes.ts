// Where the rare records of a collected ledger are, by class: whoever asks for inventories or signs of tampering at a large back
// end does not walk through years of readings for them. Readings have an order of their own, by time.

import { headerCodec, type LedgerId, type RecordClass } from './record.ts'
import type { Change, Store } from './store.ts'
import { below, key, numberIn } from './store-keys.ts'

export const indexedClasses = ['reliability', 'tamper', 'inventory', 'maintenance'] as const satisfies RecordClass[]
export type IndexedClass = (typeof indexedClasses)[number]

interface Place {
  readonly ied: string
  readonly ledgerId: LedgerId
  readonly class: RecordClass
  readonly number: number
}

const BUILT = key('collector', 'class-index')
const BLOCK = 500

const isIndexed = (recordClass: RecordClass): recordClass is IndexedClass =>
  indexedClasses.some(each => each === recordClass)

/** Goes into the same batch as the record. */
export const classEntry = ({ ied, ledgerId, class: recordClass, number }: Place): Change[] =>
  isIndexed(recordClass)
    ? [{ put: key('collector', 'class', ied, ledgerId, recordClass, number), value: Uint8Array.of(1) }]
    : []

/** Once, for what an earlier program has collected. What comes in meanwhile has its entries already; told twice it is one. */
export async function buildClassIndex(store: Store): Promise<void> {
  if ((await store.get(BUILT)) !== undefined) return
  let changes: Change[] = []
  for await (const { value } of store.range(...below('collector', 'header'))) {
    changes.push(...classEntry(headerCodec.decode(value)))
    if (changes.length < BLOCK) continue
    await store.batch(changes, { durable: false })
    changes = []
  }
  await store.batch([...changes, { put: BUILT, value: Uint8Array.of(1) }], { durable: true })
}

/** In the order of the ledger. */
export async function* numbersOfClass(
  store: Store,
  { ied, ledgerId, class: recordClass }: Omit<Place, 'number'> & { readonly class: IndexedClass },
): AsyncGenerator<number> {
  for await (const { key: at } of store.range(...below('collector', 'class', ied, ledgerId, recordClass)))
    yield numberIn(at)
}
