// What people of a department read out. People whose credential names no department read all that is their organisation's.
// Those of a department read the classes that the sharing policy grants it, or that `departments` of the configuration
// names, as at a back-end peer: and of everything else nothing, but where ledgers end and who reads what.

import type { RecordClass } from '../aggregation/record.ts'
import { entitledClasses } from '../aggregation/sharing-policy.ts'
import type { Credential } from '../mesh/credential.ts'
import type { AgentConfig } from './config.ts'
import { type Listing, PAUSE, type Row } from './readout-rows.ts'
import type { Sharing } from './sharing-desk.ts'

/** Read-outs that are of one class. */
const classOf: Readonly<Record<string, RecordClass>> = {
  readings: 'billing',
  'load-profile': 'loadProfile',
  totals: 'billing',
  bill: 'billing',
  usage: 'billing',
  cost: 'billing',
  proof: 'billing',
  exchange: 'billing',
  'power-quality': 'powerQuality',
  phasors: 'powerQuality',
  waveform: 'waveform',
  events: 'powerQuality',
  sequence: 'event',
  inventory: 'inventory',
  maintenance: 'maintenance',
  reliability: 'reliability', // an IED cuts it to itself
  audit: 'audit',
  'order-portions': 'operation',
}
/** Headers and names, and rows that are cut to what may be read. */
const OPEN: ReadonlySet<string> = new Set([
  'sharing',
  'sealing-keys',
  'regiven',
  'ledger',
  'ledger-heads',
  'ledger-records',
  'ledger-evidence',
  'history',
])

const CUT: ReadonlySet<string> = new Set(['history', 'ledger-records', 'ledger-evidence', 'readings'])

export interface DepartmentRights {
  /** Undefined: all of them. */
  classes(from: Credential): ReadonlySet<RecordClass> | undefined
  /** @returns in words why this person may not read this out, or undefined when he may */
  refusal(from: Credential, what: string): string | undefined
  /** The same rows, without the content of what is not for who asks. */
  cut(what: string, listing: Listing): Listing
}

export function departmentRights(
  sharing: Pick<Sharing, 'policy'>,
  config: Pick<AgentConfig, 'departments'>,
  utcNow: () => number,
): DepartmentRights {
  function classes({ organisation, department }: Credential): ReadonlySet<RecordClass> | undefined {
    if (department === undefined) return undefined
    const granted = entitledClasses(sharing.policy(), { organisation, department }, utcNow())
    const configured = Object.hasOwn(config.departments, department) ? config.departments[department] : undefined
    return new Set([...granted, ...(configured ?? [])])
  }
  return {
    classes,
    refusal(from, what) {
      const may = classes(from)
      if (may === undefined || OPEN.has(what)) return undefined
      const wanted = classOf[what]
      if (wanted !== undefined && may.has(wanted)) return undefined
      const has = may.size === 0 ? 'nothing' : [...may].join(', ')
      const is =
        wanted === undefined ? 'which is of no one class and for people of no department' : `of class ${wanted}`
      return `${from.name} is of department ${from.department}, which reads ${has} here: not "${what}", ${is}`
    },
    cut(what, listing) {
      if (!CUT.has(what)) return listing
      return async function* cut(parameters, signal, from) {
        for await (const listed of listing(parameters, signal, from)) {
          const may = classes(from) // for each row: the listing may follow for days, and the policy change meanwhile
          yield may === undefined || listed === PAUSE ? listed : { ...listed, row: rowFor(what, listed.row, may) }
        }
      }
    },
  }
}

function rowFor(what: string, row: Row, may: ReadonlySet<RecordClass>): Row {
  if (what === 'readings') return may.has('loadProfile') ? row : { ...row, kw: null, temperatureC: null }
  if (may.has(row.class as RecordClass)) return row
  if (what === 'history') return { ...row, bytes: null, content: null }
  const { content: _, salt: __, ...header } = row
  return header
}
