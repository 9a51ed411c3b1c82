// Sharing policies as their owner writes them, in YAML: read, checked whole, every fault with its line.

import { z } from 'zod'
import { complaintList, complaintsError } from '../../topology/complaint.ts'
import { readYaml } from '../../topology/feeder-yaml.ts'
import { complainOfSchema } from '../../topology/schema-complaints.ts'
import { TopologyError } from '../../topology/topology-error.ts'
import { type SharingDocument, sharingDocumentSchema } from '../aggregation/sharing-document.ts'
import { NodeError } from './node-error.ts'
import { readText } from './read-text.ts'

/** @throws NodeError BAD_INPUT; one line for each fault: `file:line: key: what is wrong, want what` */
export const readSharingFile = (file: string): SharingDocument => parseSharing(readText(file, 'sharing policy'), file)

/** @throws NodeError BAD_INPUT */
export function parseSharing(text: string, file: string): SharingDocument {
  try {
    const yaml = readYaml(text, file)
    const result = sharingDocumentSchema.safeParse(yaml.value)
    if (result.success) return result.data
    const { complaints, complain } = complaintList()
    complainOfSchema(result.error.issues, yaml.value, complain)
    throw complaintsError(file, complaints, yaml.lineOf)
  } catch (cause) {
    if (cause instanceof TopologyError) throw new NodeError('BAD_INPUT', cause.message, { cause })
    throw cause
  }
}

export const sharingJsonSchema = (): unknown => z.toJSONSchema(sharingDocumentSchema, { io: 'input' })
