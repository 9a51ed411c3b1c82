// From a feeder file's text to its checked, frozen form, or to one error that lists everything wrong with it.

import { checkEquipment } from './check-equipment.ts'
import { checkImpedances } from './check-impedances.ts'
import { checkNetwork } from './check-network.ts'
import { checkPhases } from './check-phases.ts'
import { checkReferences } from './check-references.ts'
import { type Complaint, complaintList, complaintsError } from './complaint.ts'
import { type FeederFile, feederFileSchema } from './feeder-file.ts'
import { readYaml } from './feeder-yaml.ts'
import { complainOfSchema } from './schema-complaints.ts'
import type { TopologyError } from './topology-error.ts'

/**
 * Reads and checks a feeder file.
 *
 * Each step starts when the one before found nothing: YAML, schema, the single parts (names, phases, impedances,
 * equipment), the network as a whole. The error lists all that its step found.
 *
 * @param fileName as it is to appear in messages
 * @returns the file with defaults filled in, deeply frozen
 * @throws TopologyError FEEDER_SYNTAX, FEEDER_SCHEMA, FEEDER_REFERENCE, FEEDER_PHASES, FEEDER_IMPEDANCE,
 * FEEDER_EQUIPMENT, FEEDER_LOOP; one line for each complaint:
 * `file:line: path.to.key: "value" — what is wrong, want what`
 */
export function parseFeeder(text: string, fileName: string): FeederFile {
  const yaml = readYaml(text, fileName)
  return checkedFeeder(yaml.value, complaints => complaintsError(fileName, complaints, yaml.lineOf))
}

/**
 * Checks what is to be a feeder file, in the steps of `parseFeeder`.
 *
 * @param errorOf what to throw for the complaints of a step
 * @returns the file with defaults filled in, deeply frozen
 */
export function checkedFeeder(
  value: unknown,
  errorOf: (complaints: readonly Complaint[]) => TopologyError,
): FeederFile {
  const { complaints, complain } = complaintList()
  const throwIfAny = (): void => {
    if (complaints.length > 0) throw errorOf(complaints)
  }
  const parsed = feederFileSchema.safeParse(value)
  if (!parsed.success) complainOfSchema(parsed.error.issues, value, complain)
  throwIfAny()
  const file = parsed.data as FeederFile
  for (const check of [checkReferences, checkPhases, checkImpedances, checkEquipment]) check(file, complain)
  throwIfAny()
  checkNetwork(file, complain)
  throwIfAny()
  return freezeDeeply(file)
}

function freezeDeeply<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freezeDeeply)
    Object.freeze(value)
  }
  return value
}
