// How keys are built: parts joined by '/', numbers padded so that they sort. Names never contain a '/'.

import type { Key } from './store.ts'

/** Digits of the largest safe integer. */
const DIGITS = 16

export const key = (...parts: ReadonlyArray<string | number>): Key =>
  parts.map(part => (typeof part === 'number' ? String(part).padStart(DIGITS, '0') : part)).join('/')

/** From and to of all keys that continue the given one by at least one part: '0' is the character after '/'. */
export const below = (...parts: ReadonlyArray<string | number>): [from: Key, to: Key] => {
  const prefix = key(...parts)
  return [`${prefix}/`, `${prefix}0`]
}

/** The last part of a key, as a number. */
export const numberIn = (from: Key): number => Number(from.slice(from.lastIndexOf('/') + 1))
