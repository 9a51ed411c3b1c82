// Which outcomes fail a sweep, and which ones somebody has looked at and accepts.

import { NodeError } from '../../src/node/node-error.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { FAULT_KINDS } from './fault-case.ts'
import type { Verdict } from './judge.ts'
import type { CaseResult } from './sweep-case.ts'

/** What may happen on a section, for all kinds of fault or one: devices may trip, or it may stay uncleared. */
export interface Allowed {
  readonly section: string
  readonly kind?: string
  readonly what: ReadonlySet<string>
}

const FAILS: ReadonlySet<Verdict> = new Set(['others tripped', 'wrong device', 'not cleared', 'worse than alone'])
/** In place of a device: that nothing clears it. */
const NOT_CLEARED = 'not-cleared'

/**
 * `SECTION=DEVICE`, `SECTION:KIND=DEVICE,DEVICE` or `SECTION=not-cleared`.
 *
 * @throws NodeError BAD_INPUT
 */
export function parseAllowed(text: string, file: FeederFile): Allowed {
  const bad = (what: string, want: string): never => {
    throw new NodeError('BAD_INPUT', `--allow: "${text}" — ${what}, want ${want}`)
  }
  const match = /^([^:=]+)(?::([^:=]+))?=([^:=]+)$/.exec(text)
  if (match === null) return bad('not understood', 'SECTION[:KIND]=DEVICE[,DEVICE] or SECTION[:KIND]=not-cleared')
  const [, section = '', kind, names = ''] = match
  if (!file.sections.some(({ name }) => name === section)) bad(`no section ${section}`, 'one of the feeder')
  if (kind !== undefined && !FAULT_KINDS.some(each => each === kind)) bad(`no kind ${kind}`, FAULT_KINDS.join(', '))
  const what = new Set(names.split(','))
  for (const name of what) {
    if (name !== NOT_CLEARED && !file.devices.some(device => device.name === name)) {
      bad(`no device ${name}`, `one of the feeder, or ${NOT_CLEARED}`)
    }
  }
  return { section, ...(kind === undefined ? {} : { kind }), what }
}

/** Whether a case fails the sweep. */
export function isFault(result: CaseResult, allowed: readonly Allowed[]): boolean {
  if (!FAILS.has(result.verdict)) return false
  // Nobody can accept that for a feeder.
  if (result.verdict === 'worse than alone') return true
  const what = new Set(
    allowed
      .filter(({ section, kind }) => section === result.section && (kind === undefined || kind === result.kind))
      .flatMap(each => [...each.what]),
  )
  if (result.verdict === 'not cleared') return !what.has(NOT_CLEARED)
  const cleared = result.verdict === 'wrong device' ? [result.clearedBy ?? ''] : []
  return [...cleared, ...result.alsoTripped].some(name => !what.has(name))
}
