// Tariff files: read, checked whole, every fault with its line.

import { readFileSync } from 'node:fs'
import { complaintList, complaintsError } from '../../topology/complaint.ts'
import { readYaml } from '../../topology/feeder-yaml.ts'
import { complainOfSchema } from '../../topology/schema-complaints.ts'
import { TopologyError } from '../../topology/topology-error.ts'
import { type Tariff, tariffFaults, tariffSchema } from '../aggregation/billing/index.ts'
import { NodeError } from './node-error.ts'
import { readText } from './read-text.ts'

/** @throws NodeError BAD_INPUT; one line for each fault: `file:line: key: what is wrong, want what` */
export const readTariff = (file: string): Tariff => parseTariff(readText(file, 'tariff'), file)

/** What is wrong with it, in words; undefined: nothing. */
export function tariffFault(file: string): string | undefined {
  try {
    readTariff(file)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Checking one takes a third of a second, and each of a thousand meters asks for the same. The oldest gives way. */
const MOST_PARSED = 8
const parsed = new Map<string, Tariff>()

/** @throws NodeError BAD_INPUT */
export function parseTariff(text: string, file: string): Tariff {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const tariff = parseAnew(text, file)
  const [oldest] = parsed.keys()
  if (parsed.size >= MOST_PARSED && oldest !== undefined) parsed.delete(oldest)
  parsed.set(text, tariff)
  return tariff
}

function parseAnew(text: string, file: string): Tariff {
  try {
    const yaml = readYaml(text, file)
    const result = tariffSchema.safeParse(yaml.value)
    const { complaints, complain } = complaintList()
    if (!result.success) {
      complainOfSchema(result.error.issues, yaml.value, complain)
      throw complaintsError(file, complaints, yaml.lineOf)
    }
    for (const { path, message } of tariffFaults(result.data)) complain('FEEDER_SCHEMA', path, undefined, message)
    if (complaints.length > 0) throw complaintsError(file, complaints, yaml.lineOf)
    return result.data
  } catch (cause) {
    if (cause instanceof TopologyError) throw new NodeError('BAD_INPUT', cause.message, { cause })
    throw cause
  }
}

/** URDB files and interval data are larger than configurations. @throws NodeError BAD_INPUT */
export function readLarge(file: string, what: string, mostBytes: number): string {
  try {
    const bytes = readFileSync(file)
    if (bytes.length <= mostBytes) return bytes.toString('utf8')
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}: the ${what} cannot be read: ${(cause as Error).message}`, { cause })
  }
  throw new NodeError('BAD_INPUT', `${file}: more than ${mostBytes} bytes, too large for a ${what}`)
}
