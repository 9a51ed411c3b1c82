// What a document shows of a command: the lines below `$ feedermesh …` up to the next command or the end of the block. What was
// printed is compared whole, or in form where times and counts of a run are its own.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** @throws where the document has no such command */
export function docSample(file: string, command: string): string {
  const text = readFileSync(fileURLToPath(new URL(`../docs/${file}`, import.meta.url)), 'utf8')
  const [, behind] = text.split(`\n$ ${command}\n`)
  if (behind === undefined) throw new Error(`docs/${file}: no "$ ${command}"`)
  const [shown = ''] = behind.split(/\n(?=\$ |```)/)
  return `${shown}\n`
}

/** Digits are alike, and so is how wide a column is. */
export const formOf = (text: string): string =>
  text
    .replaceAll(/\d+(\.\d+)?/g, '0')
    .replaceAll(/[ ─]+/g, ' ')
    .trim()
