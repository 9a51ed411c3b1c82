// What an organisation's back end gives on to departments of its own, of records that it may read itself.
//
// A record goes to a department when the organisation has granted it (class, IED, from when to when), and the IED's owner has
// granted it to the organisation: the narrower of both always holds, at the record's time and now. So a back end gives no
// more than it has, and gives nothing any more once it has nothing any more, though it still has what it got before.

import { z } from 'zod'
import { nameField } from './codec.ts'
import { type RecordClass, recordClasses } from './record.ts'
import { type Grant, isLive } from './sharing-policy.ts'

const timeField = z.iso.datetime({ offset: true }).describe('ISO 8601 with its zone, such as 2026-01-01T00:00:00Z')
const shareSchema = z
  .strictObject({
    classes: z.array(z.enum(recordClasses)).min(1).max(recordClasses.length),
    from: timeField.exactOptional(),
    to: timeField.exactOptional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || Date.parse(from) < Date.parse(to), {
    message: 'ends before it begins, want "from" before "to"',
    path: ['to'],
  })

const departmentSchema = z.strictObject({
  department: z.string().min(1).max(64),
  /** The department's own back-end peer: its credential names the department. */
  backEnd: nameField,
  why: z.string().max(200).exactOptional(),
  /** Whose records; of all IEDs that the organisation reads when absent. */
  ieds: z.array(nameField).min(1).max(256).exactOptional(),
  shares: z.array(shareSchema).min(1).max(16),
})
export type RegrantDepartment = z.infer<typeof departmentSchema>

export const regrantDocumentSchema = z
  .strictObject({
    /** The back-end peer that gives records on. */
    regives: nameField,
    /** Grows with each change: an older one is refused. */
    version: z.int().min(1),
    departments: z.array(departmentSchema).max(32),
  })
  .superRefine(({ departments }, context) => {
    const seen = new Set<string>()
    for (const [n, { department, backEnd }] of departments.entries()) {
      const name = `${department}/${backEnd}`
      if (seen.has(name)) {
        const message = `${department} with ${backEnd} stands there already, want it once`
        context.addIssue({ code: 'custom', path: ['departments', n], message })
      }
      seen.add(name)
    }
  })
export type RegrantDocument = z.infer<typeof regrantDocumentSchema>

/** What the organisation itself may read of an IED, by that IED's word. */
export type OwnGrants = readonly Pick<Grant, 'classes' | 'fromUtcMs' | 'toUtcMs'>[]

/** What goes to a department of one IED: where the share and the organisation's own grant meet. */
export interface Regiven {
  readonly class: RecordClass
  readonly fromUtcMs?: number
  readonly toUtcMs?: number
}

export function regivenOf({ ieds, shares }: RegrantDepartment, ied: string, own: OwnGrants): Regiven[] {
  if (ieds !== undefined && !ieds.includes(ied)) return []
  return shares.flatMap(({ classes, from, to }) =>
    [...new Set(classes)].flatMap(each =>
      own.flatMap(grant => {
        if (!grant.classes.includes(each)) return []
        const starts = [from === undefined ? [] : [Date.parse(from)], grant.fromUtcMs ?? []].flat()
        const ends = [to === undefined ? [] : [Date.parse(to)], grant.toUtcMs ?? []].flat()
        const [fromUtcMs, toUtcMs] = [Math.max(...starts), Math.min(...ends)]
        if (starts.length > 0 && ends.length > 0 && fromUtcMs >= toUtcMs) return []
        return [
          {
            class: each,
            ...(starts.length === 0 ? {} : { fromUtcMs }),
            ...(ends.length === 0 ? {} : { toUtcMs }),
          },
        ]
      }),
    ),
  )
}

/** Whether this very record may go now. */
export const isRegiven = (
  regiven: readonly Regiven[],
  record: { readonly class: RecordClass; readonly utcMs: number },
  nowUtcMs: number,
): boolean => regiven.some(each => each.class === record.class && isLive(each, record.utcMs) && isLive(each, nowUtcMs))
