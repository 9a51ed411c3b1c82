// Why a peer is not admitted. What is counted is one of these and nothing that a peer chose, so counting takes no memory
// that a stranger decides on; the words with names in them go to the log, and to the person who asked.

export const refusalReasons = [
  'shows no credential',
  'credential is too long',
  'credential is malformed',
  'credential is not valid',
  'credential has expired',
  'credential is revoked',
  'credential is not newer',
  'credential is for another name',
  'authority is not trusted here',
  'authority is not trusted for this feeder',
  'authority may not grant these roles here',
  'signature is not by the trusted authority',
  'credential belongs to another key',
  'this is our own key, running twice',
  'credential is not for this feeder',
  'name is that of an IED',
  'no such IED',
  'IED belongs to another organisation',
  'refused by the other side',
  'no answer',
  'admission did not finish',
  'no admission in time',
  'revocation is malformed',
  'revocation has expired',
  'sends more than it may',
  'sends what no peer may',
] as const
export type RefusalReason = (typeof refusalReasons)[number]

export interface Refused {
  readonly reason: RefusalReason
  /** The reason in words, with the names concerned. */
  readonly refused: string
}

export const refusal = (reason: RefusalReason, refused: string = reason): Refused => ({ reason, refused })

const MAX_TEXT = 500

/** Text of a peer, for a terminal or log: bounded, and without what would control either. */
export const printable = (text: string): string =>
  text.slice(0, MAX_TEXT).replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')
