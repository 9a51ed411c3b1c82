// From a feeder file's text to its checked, frozen form, or to one error that lists everything wrong with it.

import { checkedFeeder } from './check-feeder.ts'
import { complaintsError } from './complaint.ts'
import type { FeederFile } from './feeder-file.ts'
import { readYaml } from './feeder-yaml.ts'

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
