import type { Ledger } from './ledger.ts'
import { type Reading, readingIn } from './reading.ts'

/** The reading that the next one continues, whatever else of class `billing` came after it. */
export async function lastReading(ledger: Ledger): Promise<Reading | undefined> {
  const record = await ledger.last('billing', content => readingIn(content) !== undefined)
  return record?.body && readingIn(record.body.content)
}
