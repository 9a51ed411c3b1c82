// A reader's own word on the key that is sealed to for it: it rotates its key without anybody's policy having to change.
//
// Each word has an epoch, and only a later one takes the place of what is known. So a word that was kept back and played
// again, or one that comes by a slow way behind its successor, changes nothing: nobody seals to an old key again. Of two
// words with one epoch the first counts; the other one says that somebody has the reader's signature and should not.

import { z } from 'zod'
import { nameField } from './codec.ts'
import type { Reader } from './sharing-policy.ts'

export const keyAnnouncementSchema = z.strictObject({
  organisation: nameField,
  department: z.string().min(1).max(64).exactOptional(),
  /** Of this back-end peer alone; absent: of the reader, whichever its back ends are. */
  backEnd: nameField.exactOptional(),
  /** Grows with each; seconds since 1970 where nothing is known, so that a back end that lost its store goes on from there. */
  epoch: z.int().min(1),
  /** X25519, base64url, as in a JWK's `x`. */
  sealingKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
})
export type KeyAnnouncement = z.infer<typeof keyAnnouncementSchema>

/** How far an epoch may be ahead of a clock that is good: one from the far future would be the last word for ever. */
export const MAX_AHEAD_SECONDS = 86_400

/** Whose word it is, for one place among those that are known. Sorts by organisation. */
export const announcedFor = ({ organisation, department = '', backEnd = '' }: Reader & { readonly backEnd?: string }) =>
  `${organisation}/${encodeURIComponent(department)}/${backEnd}`

export type KeyVerdict = { readonly verdict: 'new' | 'known' | 'older' | 'refused'; readonly words: string }

/** @param nowSeconds UTC; undefined while the clock is not good */
export function judgeKey(
  known: KeyAnnouncement | undefined,
  next: KeyAnnouncement,
  nowSeconds: number | undefined,
): KeyVerdict {
  if (nowSeconds !== undefined && next.epoch > nowSeconds + MAX_AHEAD_SECONDS) {
    return { verdict: 'refused', words: `epoch ${next.epoch} is more than a day ahead` }
  }
  if (known === undefined || next.epoch > known.epoch) return { verdict: 'new', words: '' }
  if (next.epoch < known.epoch) {
    return { verdict: 'older', words: `epoch ${next.epoch}, epoch ${known.epoch} is known, want a later one` }
  }
  if (next.sealingKey === known.sealingKey) return { verdict: 'known', words: '' }
  return { verdict: 'refused', words: `another key of epoch ${next.epoch} is known: the first one counts` }
}

export const nextEpoch = (known: KeyAnnouncement | undefined, nowSeconds: number): number =>
  Math.max((known?.epoch ?? 0) + 1, Math.floor(nowSeconds))
