// How a section asks a child process what it occupies.

import { fileURLToPath } from 'node:url'
import type { Child } from './child.ts'
import type { Occupied } from './memory-probe.ts'

/** Options of Node with which a child answers. */
export function probeArgv(): string[] {
  const probe = new URL(`./memory-probe${import.meta.url.slice(-3)}`, import.meta.url)
  return ['--expose-gc', '--import', fileURLToPath(probe)]
}

export async function occupied(child: Child): Promise<Occupied> {
  child.send('occupied')
  return (await child.next<Occupied>(({ kind }) => kind === 'occupied')).message
}
