// The faults of a sweep: each chosen kind on each chosen section, in its middle, as far as its phases allow.

import { NodeError } from '../../src/node/node-error.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { nearestName } from '../../topology/nearest-name.ts'
import type { FaultKind } from '../plant/plant-port.ts'

export const FAULT_KINDS: readonly FaultKind[] = ['line-ground', 'line-line', 'line-line-ground', 'three-phase']
export const USUAL_KINDS: readonly FaultKind[] = ['line-ground', 'line-line', 'three-phase']
const PHASES_OF: Readonly<Record<FaultKind, number>> = {
  'line-ground': 1,
  'line-line': 2,
  'line-line-ground': 2,
  'three-phase': 3,
}

/**
 * What else is wrong when the fault comes. `right device`: nearest to the fault of those that see it.
 *
 * - `up`: nothing.
 * - `down`: no message passes between any two agents, from the beginning.
 * - `slow`: every message takes longer than a question is waited for.
 * - `lossy`: one message in five is lost.
 * - `partitioned`: the network is parted at the right device: it and what is below it hear nothing from above.
 * - `agent-dead`: the right device's agent has died, or for a fuse that of the next device that has one.
 * - `device-stuck`: the right device's contacts do not move, or the fuse does not blow: the next one has to clear.
 */
export const COMMS = ['up', 'down', 'slow', 'lossy', 'partitioned', 'agent-dead', 'device-stuck'] as const
export type Comms = (typeof COMMS)[number]

export interface FaultCase {
  readonly section: string
  readonly kind: FaultKind
}

/**
 * @param chosen sections by name; undefined: all
 * @returns section by section in the order of the file; a section has the kinds that it has the phases for
 * @throws NodeError BAD_INPUT for a section that the feeder does not have
 */
export function faultCases(
  file: FeederFile,
  chosen: readonly string[] | undefined,
  kinds: readonly FaultKind[],
): FaultCase[] {
  const names = file.sections.map(({ name }) => name)
  const unknown = chosen?.find(name => !names.includes(name))
  if (unknown !== undefined) {
    const near = nearestName(unknown, names)
    const hint = near === undefined ? '' : `, did you mean ${near}?`
    throw new NodeError('BAD_INPUT', `--sections: ${unknown}: feeder ${file.name} has no such section${hint}`)
  }
  return file.sections
    .filter(({ name }) => chosen === undefined || chosen.includes(name))
    .flatMap(({ name: section, phases }) =>
      kinds.filter(kind => PHASES_OF[kind] <= phases.length).map(kind => ({ section, kind })),
    )
}
