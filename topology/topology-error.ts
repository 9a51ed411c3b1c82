// What may be wrong with a feeder file or with a name asked for.

import { nearestName } from './nearest-name.ts'

export type TopologyErrorCode =
  | 'FEEDER_FORMAT'
  | 'FEEDER_SYNTAX'
  | 'FEEDER_SCHEMA'
  | 'FEEDER_REFERENCE'
  | 'FEEDER_PHASES'
  | 'FEEDER_IMPEDANCE'
  | 'FEEDER_EQUIPMENT'
  | 'FEEDER_LOOP'
  | 'UNKNOWN_NAME'

/**
 * A feeder file that cannot be used, or a name that the feeder does not have. Branch on `code`; where a file has faults
 * of several kinds it is that of the first. The message has one line for each fault and may change.
 */
export class TopologyError extends Error {
  override readonly name = 'TopologyError'
  readonly code: TopologyErrorCode
  constructor(code: TopologyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** `kind` in the field's word: node, section, device, ied. */
export function unknownName(kind: string, name: string, known: Iterable<string>): TopologyError {
  const near = nearestName(name, known)
  return new TopologyError(
    'UNKNOWN_NAME',
    `"${name}" — no such ${kind}${near === undefined ? '' : `, nearest is "${near}"`}`,
  )
}
