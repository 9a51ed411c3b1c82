// Loaded into a measured process before its own program (`node --expose-gc --import`): says on demand what the process
// occupies once everything that nobody refers to any more has been collected.

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Occupied {
  readonly kind: 'occupied'
  readonly heapBytes: number
  readonly rssBytes: number
  /** Resident memory with shared pages divided among those who share them; undefined where Linux does not tell. */
  readonly pssBytes: number | undefined
}

/** Finalisers run between collections, and free more. */
const ROUNDS = 4

async function occupied(): Promise<Occupied> {
  const collect = (globalThis as { gc?: () => void }).gc
  if (collect === undefined) throw new Error('memory-probe: want node --expose-gc')
  for (let round = 0; round < ROUNDS; round++) {
    collect()
    await sleep(50)
  }
  const { rss, heapUsed } = process.memoryUsage()
  return { kind: 'occupied', heapBytes: heapUsed, rssBytes: rss, pssBytes: pss() }
}

function pss(): number | undefined {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}

process.on('message', message => {
  if (message === 'occupied') void occupied().then(answer => process.send?.(answer))
})
// The program itself says what keeps its process alive.
process.channel?.unref()
