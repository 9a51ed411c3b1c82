// The last gasp that this agent has said and not taken back. Its battery ends, or it is killed: when it starts again with
// supply, it still says that the supply is back, and for how long it was gone.

import { z } from 'zod'
import type { Store } from '../aggregation/store.ts'
import { type KeptValue, keptValue } from './kept-value.ts'

const KEY = 'reliability/outage'
const schema = z.object({ event: z.string().min(1).max(64), sinceUtcMs: z.int().nonnegative() }).strict()
export type SaidOutage = z.infer<typeof schema>

export const keptOutage = (store: Store): KeptValue<SaidOutage> => keptValue(store, KEY, schema)
