// How far each origin's messages have been seen, kept across restarts: one entry an origin, written when it moved.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Store } from '../aggregation/store.ts'
import type { Messenger } from '../mesh/messenger.ts'
import type { ReplayMark } from '../mesh/replay-window.ts'
import type { Clock } from './clock.ts'
import type { Log } from './log.ts'

const PREFIX = 'mesh/replay/'
const END = 'mesh/replay0' // the key after all that begin with the prefix
const SAVE_EVERY_MS = 1000
const mark = z.tuple([z.number(), z.number()])

export async function readReplayMarks(store: Store): Promise<Map<string, ReplayMark>> {
  const marks = new Map<string, ReplayMark>()
  for await (const { key, value } of store.range(PREFIX, END)) {
    const [epoch, greatest] = mark.parse(fromCbor(value))
    marks.set(key.slice(PREFIX.length), { epoch, greatest })
  }
  return marks
}

/**
 * Saves what moved, each second. Not synced: a power cut may cost the last marks, and a message of those seconds can then
 * be replayed once within its lifetime. @returns the end of it, which saves the last ones
 */
export function keepReplayMarks(store: Store, messenger: Messenger, clock: Clock, log: Log): () => Promise<void> {
  /** Those that could not be written, as on a full disk: they come with the next. */
  let unsaved: ReadonlyMap<string, ReplayMark> = new Map()

  async function save(): Promise<void> {
    const moved = new Map([...unsaved, ...messenger.movedReplayMarks()])
    unsaved = new Map()
    if (moved.size === 0) return
    const changes = [...moved].map(([peerId, { epoch, greatest }]) => ({
      put: `${PREFIX}${peerId}`,
      value: toCbor([epoch, greatest]),
    }))
    try {
      await store.batch(changes, { durable: false })
    } catch (error) {
      unsaved = new Map([...moved, ...unsaved])
      log.warn('replay-marks-not-saved', { reason: (error as Error).message })
    }
  }
  const cancel = clock.every(SAVE_EVERY_MS, () => void save())
  return () => {
    cancel()
    return save()
  }
}
