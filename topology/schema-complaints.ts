// The schema's findings in our words: what is wrong, and what is wanted.

import type { z } from 'zod'
import type { Complain, FilePath } from './complaint.ts'

type Issue = z.core.$ZodIssue

/** @param value the whole file, as read */
export function complainOfSchema(issues: readonly Issue[], value: unknown, complain: Complain): void {
  for (const issue of issues) {
    const path = issue.path.map(key => (typeof key === 'symbol' ? String(key) : key))
    const found = valueAt(value, path)
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        complain('FEEDER_SCHEMA', [...path, key], undefined, 'no such key here, want it left out or spelt right')
      }
    } else {
      complain(
        'FEEDER_SCHEMA',
        path,
        found,
        found === undefined ? `is missing, want ${wanted(issue)}` : fault(issue, found),
      )
    }
  }
}

function fault(issue: Issue, found: unknown): string {
  if (issue.code !== 'invalid_type') return issue.code === 'invalid_format' ? issue.message : `want ${wanted(issue)}`
  const quotes = issue.expected === 'string' && typeof found !== 'object' ? ': put it in quotes' : ''
  return `is ${kindOf(found)}, want ${wanted(issue)}${quotes}`
}

function wanted(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected
    case 'invalid_value':
      return issue.values.length === 1 ? String(issue.values[0]) : `one of ${issue.values.join(', ')}`
    case 'too_small':
      return `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${entries(issue.origin)}`
    case 'too_big':
      return `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${entries(issue.origin)}`
    default:
      return issue.message
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  object: 'keys and values',
  array: 'a list',
  tuple: 'a list',
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'keys and values'
  if (typeof value === 'string') return 'text'
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : 'no finite number'
  return 'true or false'
}

const entries = (origin: string): string => (origin === 'array' ? ' entries' : '')

function valueAt(value: unknown, path: FilePath): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[key] : undefined),
    value,
  )
}
