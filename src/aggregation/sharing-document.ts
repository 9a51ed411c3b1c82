// The sharing policy as its owner writes it: who reads which classes of these IEDs' records, from when to when, and why.
//
// A reader is an organisation or a department of one. Its back ends are found by that; `backEnd` names one that the IED's
// own configuration does not have. Without a sealing key of its own a reader has that of its back end's peer id.

import { z } from 'zod'
import { nameField } from './codec.ts'
import { type RecordClass, recordClasses } from './record.ts'
import { type Grant, MAX_GRANTS, type Reader } from './sharing-policy.ts'

const timeField = z.iso.datetime({ offset: true }).describe('ISO 8601 with its zone, such as 2026-01-01T00:00:00Z')

const shareSchema = z
  .strictObject({
    classes: z.array(z.enum(recordClasses)).min(1).max(recordClasses.length),
    /** Of records from then on, and given out from then on. */
    from: timeField.exactOptional(),
    /** Of records before it; from then on nothing is given out any more. */
    to: timeField.exactOptional(),
    /** Whether a record stays until this reader has receipted it. */
    required: z.boolean().exactOptional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || Date.parse(from) < Date.parse(to), {
    message: 'ends before it begins, want "from" before "to"',
    path: ['to'],
  })

const readerSchema = z.strictObject({
  organisation: nameField,
  department: z.string().min(1).max(64).exactOptional(),
  /** Its back-end peer, where the IED's own `recipients` do not have it. */
  backEnd: nameField.exactOptional(),
  /** X25519 public key, base64url. A newer version of the policy changes it: what was sealed before stays as it is. */
  sealingKey: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}$/, 'want an X25519 public key in base64url, 43 characters')
    .exactOptional(),
  /** Has no back end: its portions lie in those of its organisation, which passes them on unread. */
  within: z.literal(true).exactOptional(),
  why: z.string().max(200).exactOptional(),
  shares: z.array(shareSchema).min(1).max(16),
})

export const sharingDocumentSchema = z
  .strictObject({
    /** Whose records. */
    ieds: z.array(nameField).min(1).max(256),
    /** Grows with each change: an older one is refused wherever a newer one was. */
    version: z.int().min(1),
    readers: z.array(readerSchema).max(64),
  })
  .superRefine(({ readers }, context) => {
    const complain = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message })
    const seen = new Set<string>()
    for (const [n, reader] of readers.entries()) {
      if (seen.has(readerKey(reader)))
        complain(['readers', n], `${readerWords(reader)} stands there already, want it once`)
      seen.add(readerKey(reader))
      if (reader.within && (reader.department === undefined || reader.sealingKey === undefined || reader.backEnd)) {
        complain(['readers', n, 'within'], 'want a department with a sealingKey and without a backEnd')
      }
    }
    const grants = readers.reduce((sum, { shares }) => sum + shares.length, 0)
    if (grants > MAX_GRANTS) complain(['readers'], `${grants} shares, want ${MAX_GRANTS} at most`)
  })

export type SharingDocument = z.infer<typeof sharingDocumentSchema>
export type SharingReader = SharingDocument['readers'][number]

export const readerKey = ({ organisation, department = '' }: Reader): string => `${organisation}/${department}`
export const readerWords = ({ organisation, department }: Reader): string =>
  department === undefined ? organisation : `${department} of ${organisation}`

export const grantsIn = ({ readers }: Pick<SharingDocument, 'readers'>): Grant[] =>
  readers.flatMap(({ organisation, department, shares }) =>
    shares.map(({ classes, from, to, required }) => ({
      organisation,
      ...(department === undefined ? {} : { department }),
      classes: [...new Set<RecordClass>(classes)],
      ...(from === undefined ? {} : { fromUtcMs: Date.parse(from) }),
      ...(to === undefined ? {} : { toUtcMs: Date.parse(to) }),
      ...(required === undefined ? {} : { required }),
    })),
  )
