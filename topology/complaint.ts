// One fault of a feeder file: where it is, what is written there, and what is wanted instead.

import { TopologyError, type TopologyErrorCode } from './topology-error.ts'

/** Keys and list positions from the top of the file. */
export type FilePath = readonly (string | number)[]

export interface Complaint {
  readonly code: TopologyErrorCode
  readonly path: FilePath
  /** What is wrong, and what is wanted. */
  readonly text: string
}

/** Says of `value`, which stands at `path`, what is wrong with it. */
export type Complain = (code: TopologyErrorCode, path: FilePath, value: unknown, text: string) => void

/** Collects complaints as lines `"value" — what is wrong, want what`. */
export function complaintList(): { readonly complaints: readonly Complaint[]; readonly complain: Complain } {
  const complaints: Complaint[] = []
  return {
    complaints,
    complain: (code, path, value, text) => complaints.push({ code, path, text: `${shown(value)}${text}` }),
  }
}

/** Who has more to mend begins with these. */
const MOST_LISTED = 100

/** @param lineOf line in the file, from 1, of what stands at a path */
export function complaintsError(
  fileName: string,
  complaints: readonly Complaint[],
  lineOf: (path: FilePath) => number,
): TopologyError {
  const lines = complaints
    .slice(0, MOST_LISTED)
    .map(({ path, text }) => ({ line: lineOf(path), text: `${written(path)}: ${text}` }))
    .sort((one, other) => one.line - other.line)
    .map(({ line, text }) => `${fileName}:${line}: ${text}`)
  if (complaints.length > lines.length) lines.push(`${fileName}: and ${complaints.length - lines.length} more`)
  return new TopologyError(complaints[0]?.code ?? 'FEEDER_SCHEMA', lines.join('\n'))
}

function written(path: FilePath): string {
  if (path.length === 0) return 'file'
  return path
    .map(key => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '')
}

const LONGEST_SHOWN = 60

/** The value and a dash; nothing for what is absent or too big to show. */
function shown(value: unknown): string {
  if (value === undefined || typeof value === 'object') return ''
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return `${text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text} — `
}
