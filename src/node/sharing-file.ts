// Sharing policies as their owner writes them, in YAML: read, checked whole, every fault with its line.

import { z } from 'zod'
import { type RegrantDocument, regrantDocumentSchema } from '../aggregation/regrant.ts'
import { type SharingDocument, sharingDocumentSchema } from '../aggregation/sharing-document.ts'
import { parseYaml } from './config.ts'

/** @throws NodeError BAD_INPUT; one line for each fault: `file:line: key: what is wrong, want what` */
export const parseSharing = (text: string, file: string): SharingDocument =>
  parseYaml(text, file, sharingDocumentSchema)

/** What a back end is to give on. @throws NodeError BAD_INPUT */
export const parseRegrant = (text: string, file: string): RegrantDocument =>
  parseYaml(text, file, regrantDocumentSchema)

/** Which of the two a file is: what a back end gives on begins with whose it is. */
export const isRegrantText = (text: string): boolean => /^regives\s*:/m.test(text)

export const regrantJsonSchema = (): unknown => z.toJSONSchema(regrantDocumentSchema, { io: 'input' })

export const sharingJsonSchema = (): unknown => z.toJSONSchema(sharingDocumentSchema, { io: 'input' })
