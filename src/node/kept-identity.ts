// What is kept of the metering device's identity: the accepted one, and what it shows instead.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Store } from '../aggregation/store.ts'
import { IDENTITY_FIELDS, type IdentityState, neverRead } from '../hal/identity-judgement.ts'

const KEY = 'device/identity'

const field = z.enum(IDENTITY_FIELDS)
const identity = z
  .object({
    manufacturer: z.string().exactOptional(),
    model: z.string().exactOptional(),
    serialNumber: z.string().exactOptional(),
    firmware: z.string().exactOptional(),
    configurationHash: z.string().exactOptional(),
  })
  .strict()
const kept = z
  .object({
    accepted: identity.exactOptional(),
    seen: identity.exactOptional(),
    changes: z.array(z.object({ field, was: z.string(), is: z.string().exactOptional() }).strict()),
    lacked: z.array(field),
  })
  .strict()

export async function keptIdentity(store: Store): Promise<IdentityState> {
  const bytes = await store.get(KEY)
  return bytes === undefined ? neverRead : kept.parse(fromCbor(bytes))
}

/** Durable when it resolves. */
export const keepIdentity = (store: Store, state: IdentityState): Promise<void> =>
  store.batch([{ put: KEY, value: toCbor(state) }], { durable: true })
