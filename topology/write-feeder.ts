// A feeder file as text that people read and edit.
//
// Small entries stand on one line each, what does not fit stands in a block of keys, and what has its default is left out.
// The text keeps to plain YAML, which is read fast.

import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { type FeederFile, feederFileSchema } from './feeder-file.ts'

const LONGEST_LINE = 118
type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value }

/** YAML that `parseFeeder` reads back to the same value. */
export function writeFeeder(file: FeederFile): string {
  const told = withoutDefaults(file, feederFileSchema) as { readonly [key: string]: Value }
  const lines = Object.entries(told).flatMap(([key, value], n) => {
    if (!Array.isArray(value)) return [...keyed(key, value, '')]
    return [...(n > 0 ? [''] : []), `${key}:`, ...value.flatMap(entry => entryLines(entry))]
  })
  return `${lines.join('\n')}\n`
}

/** What the schema would not fill in by itself, keys in the schema's order. */
function withoutDefaults(value: unknown, schema: unknown): unknown {
  if (schema instanceof z.ZodDefault) return withoutDefaults(value, schema.unwrap())
  if (schema instanceof z.ZodOptional) return withoutDefaults(value, schema.unwrap())
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    return value.map(entry => withoutDefaults(entry, schema.element))
  }
  if (!(schema instanceof z.ZodObject) || typeof value !== 'object' || value === null) return value
  const entries = Object.entries(schema.shape).flatMap(([key, field]): [string, unknown][] => {
    const here = (value as Readonly<Record<string, unknown>>)[key]
    const isDefault = field instanceof z.ZodDefault && isDeepStrictEqual(here, field.def.defaultValue)
    return here === undefined || isDefault ? [] : [[key, withoutDefaults(here, field)]]
  })
  return Object.fromEntries(entries)
}

function entryLines(entry: Value): string[] {
  const line = `  - ${flow(entry)}`
  if (line.length <= LONGEST_LINE || typeof entry !== 'object' || Array.isArray(entry)) return [line]
  return Object.entries(entry as { readonly [key: string]: Value }).flatMap(([key, value], n) =>
    keyed(key, value, n === 0 ? '  - ' : '    '),
  )
}

/** One line, or a matrix with a line for each row. */
function keyed(key: string, value: Value, indent: string): string[] {
  const line = `${indent}${key}: ${flow(value)}`
  if (line.length <= LONGEST_LINE || typeof value !== 'object' || Object.keys(value).length === 0) return [line]
  const inner = `${' '.repeat(indent.length)}  `
  if (Array.isArray(value)) return [`${indent}${key}:`, ...value.map(entry => `${inner}- ${flow(entry)}`)]
  return [`${indent}${key}:`, ...Object.entries(value).flatMap(([name, entry]) => keyed(name, entry, inner))]
}

function flow(value: Value): string {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  const pairs = Object.entries(value as { readonly [key: string]: Value })
  return pairs.length === 0 ? '{}' : `{ ${pairs.map(([key, entry]) => `${key}: ${flow(entry)}`).join(', ')} }`
}

/** Words that YAML, of one version or another, does not read as text. */
const RESERVED = /^(?:true|false|null|yes|no|on|off|y|n|nan|inf)$/i

function text(value: string): string {
  const isPlain = /^[A-Za-z][A-Za-z0-9_.-]*$/.test(value) && !RESERVED.test(value)
  if (isPlain) return value
  // JSON's strings are YAML's, apart from characters that do not print.
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
