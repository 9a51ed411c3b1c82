// What changed in the configuration since the agent last ran: a hash of each part is kept, so that the audit log can name
// the parts without holding what stands in them. The files that it names and that decide what the device does, the feeder
// file and the device map, are parts as well: their paths stay the same when somebody edits them.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Store } from '../aggregation/store.ts'
import type { AgentConfig } from './config.ts'

const KEY = 'audit/configuration'
const kept = z.record(z.string(), z.string())

type Hashes = Readonly<Record<string, string>>

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** @param contents of files that the configuration names, by what the audit log shall call each */
export const partHashes = (config: AgentConfig, contents: Readonly<Record<string, unknown>> = {}): Hashes =>
  Object.fromEntries(
    Object.entries({ ...config, ...contents })
      .filter(([, value]) => value !== undefined)
      .map(([part, value]) => [part, hashOf(JSON.stringify(value))]),
  )

/** @returns in words what changed, or undefined when nothing did */
export function changeWords(before: Hashes | undefined, now: Hashes): string | undefined {
  const whole = hashOf(JSON.stringify(now))
  if (before === undefined) return `first start, with configuration ${whole}`
  const changed = [...new Set([...Object.keys(before), ...Object.keys(now)])].filter(part => before[part] !== now[part])
  return changed.length === 0 ? undefined : `configuration ${whole}, changed: ${changed.sort().join(', ')}`
}

export async function keptHashes(store: Store): Promise<Hashes | undefined> {
  const bytes = await store.get(KEY)
  return bytes === undefined ? undefined : kept.parse(fromCbor(bytes))
}

export const keepHashes = (store: Store, hashes: Hashes): Promise<void> =>
  store.batch([{ put: KEY, value: toCbor(hashes) }], { durable: true })
