// Driver `pulses`: a meter that gives a pulse for so many watt-hours.

import { z } from 'zod'
import { duration } from '../../../topology/units.ts'
import type { PulseHalOptions, PulseSource } from '../../hal/pulse-hal.ts'
import { parseRational } from '../../hal/rational.ts'
import { NodeError } from '../node-error.ts'
import { type Driver, polled, tcp, timeoutMs, unitId } from './driver.ts'

const registerAddress = z.number().int().min(0).max(65_535)
const pulseInput = z
  .object({
    table: z.enum(['discrete', 'coil', 'input', 'holding']),
    address: registerAddress,
    /** Of a register. */
    bit: z.number().int().min(0).max(15).exactOptional(),
  })
  .strict()
  .refine(({ table, bit }) => (bit !== undefined) === (table === 'input' || table === 'holding'), {
    path: ['bit'],
    message: 'a bit for a register, none for a digital input',
  })

const pulseCounter = z
  .object({
    table: z.enum(['input', 'holding']).default('input'),
    address: registerAddress,
    words: z.union([z.literal(1), z.literal(2), z.literal(4)]).default(1),
    lowWordFirst: z.boolean().default(false),
    /** It begins again at 0 when it reaches this; else when its words are full. */
    range: z.number().int().min(10).max(Number.MAX_SAFE_INTEGER).exactOptional(),
  })
  .strict()

const pulseContacts = z
  .object({
    y: pulseInput,
    /** Absent from a contact of form A. */
    z: pulseInput.exactOptional(),
    pollMs: z.number().int().min(2).max(1000).default(10),
    debounceMs: z.number().int().min(0).max(1000).default(20),
    /** Neither closed or both for so long is a fault. */
    faultMs: z.number().int().min(10).max(60_000).default(500),
    /** Of form A: whether opening is a pulse too. With z each change is one. */
    bothEdges: z.boolean().default(false),
  })
  .strict()

const schema = z
  .object({
    driver: z.literal('pulses'),
    ...tcp,
    unitId: unitId.default(1),
    timeoutMs,
    counter: pulseCounter.exactOptional(),
    contacts: pulseContacts.exactOptional(),
    /** Exact: 1.8, or 1/3. */
    wattHoursPerPulse: z.union([z.number(), z.string()]).transform((value, context) => {
      const weight = parseRational(value)
      if (weight !== undefined && weight.numerator > 0n) return weight
      context.addIssue({ code: 'custom', message: 'want a number above 0, as 1.8 or 1/3' })
      return z.NEVER
    }),
    /** More pulses than this do not come. */
    maxPerSecond: z.number().min(0.01).max(1000).default(20),
    feeds: z.enum(['importWh', 'exportWh']).default('importWh'),
    /** Power is the mean over this. */
    demandSeconds: z.number().min(1).max(3600).default(60),
    /** Power is shown in equal parts on these. */
    phases: z
      .array(z.enum(['a', 'b', 'c']))
      .min(1)
      .max(3)
      .default(['a', 'b', 'c']),
    /** How long trouble with the pulses casts doubt on what is shown. */
    doubtSeconds: z.number().min(0).max(86_400).default(300),
    /** Where the count is kept over a restart. */
    totalFile: z.string().min(1),
    ...polled,
    /** It knows of no switch and no relay. */
    statusPollMs: polled.statusPollMs.default(1000),
  })
  .strict()
  .refine(({ counter, contacts }) => (counter === undefined) !== (contacts === undefined), {
    message: 'want one of counter, contacts',
  })

export const pulses: Driver<typeof schema> = {
  name: 'pulses',
  schema,
  filesAt: (device, at) => ({ ...device, totalFile: at(device.totalFile) }),
  async open(device, { now, utc }) {
    const { pulseHal } = await import('../../hal/pulse-hal.ts')
    const { totalFile } = await import('../../hal/pulses/total-file.ts')
    return pulseHal({ ...pulseOptions(device), memory: totalFile(device.totalFile), now, utc })
  },
}

type PulseDevice = z.output<typeof schema>

function pulseOptions(device: PulseDevice): Omit<PulseHalOptions, 'now' | 'utc' | 'memory'> {
  const { counter, contacts, wattHoursPerPulse, feeds, phases } = device
  return {
    host: device.host,
    port: device.port,
    unitId: device.unitId,
    timeoutMs: device.timeoutMs,
    source: pulseSource(device),
    settings: {
      counterRange: counter?.range === undefined ? 2n ** BigInt(16 * (counter?.words ?? 1)) : BigInt(counter.range),
      mostPerSecond: device.maxPerSecond,
      debounce: duration(contacts?.debounceMs ?? 0),
      faultAfter: duration(contacts?.faultMs ?? 0),
      contact: contacts?.z === undefined ? 'formA' : 'formC',
      bothEdges: contacts?.bothEdges ?? true,
      doubtFor: duration(device.doubtSeconds * 1000),
    },
    wattHoursPerPulse,
    feeds,
    demandWindow: duration(device.demandSeconds * 1000),
    phases,
  }
}

function pulseSource({ counter, contacts }: PulseDevice): PulseSource {
  if (counter !== undefined) return { kind: 'counter', ...counter }
  if (contacts === undefined) throw new NodeError('BAD_INPUT', 'device: want one of counter, contacts')
  const { y, z, pollMs } = contacts
  return { kind: 'contacts', y, ...(z === undefined ? {} : { z }), pollMs: duration(pollMs) }
}
