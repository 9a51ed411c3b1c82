// The steps in which a feeder file is checked, wherever it comes from.

import { checkEquipment } from './check-equipment.ts'
import { checkImpedances } from './check-impedances.ts'
import { checkNetwork } from './check-network.ts'
import { checkPhases } from './check-phases.ts'
import { checkReferences } from './check-references.ts'
import { type Complaint, complaintList } from './complaint.ts'
import { type FeederFile, feederFileSchema } from './feeder-file.ts'
import { complainOfSchema } from './schema-complaints.ts'
import type { TopologyError } from './topology-error.ts'

/**
 * Checks what is to be a feeder file: the schema, then the single parts (names, phases, impedances, equipment), then the
 * network as a whole, each step when the one before found nothing.
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
