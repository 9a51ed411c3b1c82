// The ranges of history that a back-end peer asks IEDs for, in its store: what was begun goes on after the process ended.
// How far each got is not kept: the collector's own lists of what is lacking say that.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { toCbor } from '../../topology/cbor.ts'
import { codec, countField, nameField } from '../aggregation/codec.ts'
import { type RecordRange, rangeSchema } from '../aggregation/range.ts'
import type { Store } from '../aggregation/store.ts'
import { below, key } from '../aggregation/store-keys.ts'

/** Under way at once; a further one is refused. */
export const MOST_GOING = 32
/** That have ended; the oldest gives way. */
const MOST_ENDED = 128

export const askStates = ['going', 'whole', 'lacking', 'refused', 'silent'] as const

export interface KeptAsk {
  readonly ied: string
  readonly range: RecordRange
  /** By this back end's clock. */
  readonly askedUtcMs: number
  readonly by: string
  readonly state: (typeof askStates)[number]
  /** Of the IED's ledger: what came later was not asked for. 0 until it is known. */
  readonly upTo: number
  readonly lacking: number
  readonly gone: number
  readonly words: string
}

const askCodec = codec<KeptAsk>(
  'kept range',
  z.strictObject({
    ied: nameField,
    range: rangeSchema,
    askedUtcMs: countField,
    by: z.string().max(64),
    state: z.enum(askStates),
    upTo: countField,
    lacking: countField,
    gone: countField,
    words: z.string().max(500),
  }),
  2_048,
)

export interface KeptAsks {
  /** The latest last. */
  all(): readonly KeptAsk[]
  of(id: string): KeptAsk | undefined
  /** Durable when it resolves. */
  put(ask: KeptAsk): Promise<void>
}

/** The same question, whoever asks it. */
export const idOf = ({ ied, range }: Pick<KeptAsk, 'ied' | 'range'>): string =>
  createHash('sha256')
    .update(toCbor([ied, range.fromUtcMs, range.toUtcMs, [...range.classes].sort()]))
    .digest('hex')
    .slice(0, 32)

export async function openKeptAsks(store: Store): Promise<KeptAsks> {
  const kept = new Map<string, KeptAsk>()
  for await (const { value } of store.range(...below('history-ask'))) {
    const ask = askCodec.decode(value)
    kept.set(idOf(ask), ask)
  }
  const all = () => [...kept.values()].sort((one, other) => one.askedUtcMs - other.askedUtcMs)
  return {
    all,
    of: id => kept.get(id),
    async put(ask) {
      const id = idOf(ask)
      kept.set(id, ask)
      const ended = all().filter(({ state }) => state !== 'going')
      const gone = ended.slice(0, Math.max(0, ended.length - MOST_ENDED)).map(idOf)
      for (const each of gone) kept.delete(each)
      const changes = [
        { put: key('history-ask', id), value: askCodec.encode(ask) },
        ...gone.map(each => ({ del: key('history-ask', each) })),
      ]
      await store.batch(changes, { durable: true })
    },
  }
}
