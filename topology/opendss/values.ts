// What the text after `=` stands for: a number, a list, a matrix, yes or no.

import { fault, shown } from './fault.ts'
import { MOST_CONDUCTORS, MOST_LISTED } from './limits.ts'
import type { Place } from './note.ts'
import { calculated } from './rpn.ts'

/** Text from the file, with what it is called in a message: `Line.l1: length`. */
export interface Value {
  readonly text: string
  readonly label: string
  readonly at: Place
}

export function numberOf({ text, label, at }: Value): number {
  const number = calculated(text)
  if (number === undefined) throw fault(at, `${label}: ${shown(text)} is no number, want one`)
  return number
}

export function positiveOf(value: Value): number {
  const number = numberOf(value)
  if (number > 0) return number
  throw fault(value.at, `${value.label}: ${number}, want more than 0`)
}

/** From 1 to as many conductors or windings as anything real has. */
export function countOf(value: Value): number {
  const number = numberOf(value)
  if (Number.isInteger(number) && number >= 1 && number <= MOST_CONDUCTORS) return number
  throw fault(value.at, `${value.label}: ${number}, want a whole number from 1 to ${MOST_CONDUCTORS}`)
}

export function isYes({ text }: Value): boolean {
  return /^[yt1]/i.test(text)
}

/** Delta, or line to line; else wye. */
export function isDelta({ text }: Value): boolean {
  return /^(d|ll)/i.test(text)
}

/** Words parted by blanks or commas; a word may itself be in quotes or brackets. */
export function wordsOf({ text, label, at }: Value): string[] {
  const words = text.match(/\([^)]*\)|"[^"]*"|'[^']*'|[^\s,|]+/g) ?? []
  if (words.length > MOST_LISTED) throw fault(at, `${label}: has ${words.length} entries, want ${MOST_LISTED} at most`)
  return words.map(word => (/^[("']/.test(word) ? word.slice(1, -1).trim() : word))
}

export function numbersOf(value: Value): number[] {
  return wordsOf(value).map(text => numberOf({ ...value, text }))
}

/**
 * A symmetric matrix, written in full or as its lower triangle, rows parted by `|`.
 *
 * Of a matrix in full the lower triangle counts, as it does for OpenDSS.
 */
export function matrixOf(value: Value, order: number): number[][] {
  const rows = value.text.split('|', MOST_CONDUCTORS + 1).map(text => numbersOf({ ...value, text }))
  if (rows.length < order) {
    throw fault(value.at, `${value.label}: has ${rows.length} rows, want ${order}, one for each phase`)
  }
  const short = rows.slice(0, order).findIndex((row, r) => row.length <= r)
  if (short >= 0) {
    const found = rows[short]?.length
    throw fault(value.at, `${value.label}: row ${short + 1} has ${found} numbers, want ${short + 1} or ${order}`)
  }
  return Array.from({ length: order }, (_, r) =>
    Array.from({ length: order }, (_, c) => (rows[Math.max(r, c)] as number[])[Math.min(r, c)] as number),
  )
}
