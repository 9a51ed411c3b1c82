// The settings of an agent that an order may change while it runs: a closed list. What is ordered is kept in the store,
// counts before what the configuration file says, also after a restart, and until it is ordered otherwise.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Store } from '../aggregation/store.ts'
import { type AgentConfig, agentConfigSchema } from './config.ts'
import type { Log } from './log.ts'

const KEY = 'commands/settings'

const settable = {
  'forwarding.intervalSeconds': ['forwarding', 'intervalSeconds'],
  'readings.intervalSeconds': ['readings', 'intervalSeconds'],
  'readings.maxKw': ['readings', 'maxKw'],
  'reactions.severe': ['reactions', 'severe'],
  'reactions.catastrophic': ['reactions', 'catastrophic'],
  'earlyWarning.ignore': ['earlyWarning', 'ignore'],
  'powerQuality.warnsOthers': ['powerQuality', 'warnsOthers'],
  'softwareRelay.group': ['softwareRelay', 'group'],
} as const
export type SettingKey = keyof typeof settable
export type SettingValue = string | number | boolean
export type Settings = Readonly<Partial<Record<SettingKey, SettingValue>>>

export const settingKeys = Object.keys(settable) as SettingKey[]
const isSettingKey = (key: string): key is SettingKey => Object.hasOwn(settable, key)

const kept = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

/** @returns the configuration with this one value, or in words why it is not one */
export function withSetting(config: AgentConfig, key: string, value: SettingValue): AgentConfig | string {
  if (!isSettingKey(key)) return `"${key}" cannot be set, want one of ${settingKeys.join(', ')}`
  const [section, field] = settable[key]
  // To set one of its keys must not bring a section to life.
  if (config[section] === undefined) return `${key}: this agent's configuration has no ${section}`
  const changed = { ...config, [section]: { ...config[section], [field]: value } }
  const result = agentConfigSchema.safeParse(changed)
  if (result.success) return result.data
  return `${key}: ${value}: ${result.error.issues[0]?.message ?? 'not a value of it'}`
}

/** What was ordered before the start counts; what this version does not take any more is left out, and said. */
export async function withKeptSettings(config: AgentConfig, store: Store, log: Log): Promise<AgentConfig> {
  let effective = config
  for (const [key, value] of Object.entries(await keptSettings(store))) {
    const next = withSetting(effective, key, value)
    if (typeof next === 'string') log.warn('setting-left-out', { key, reason: next })
    else effective = next
  }
  return effective
}

/** Durable when it resolves. */
export async function keepSetting(store: Store, key: string, value: SettingValue): Promise<void> {
  const next = { ...(await keptSettings(store)), [key]: value }
  await store.batch([{ put: KEY, value: toCbor(next) }], { durable: true })
}

async function keptSettings(store: Store): Promise<Record<string, SettingValue>> {
  const bytes = await store.get(KEY)
  return bytes === undefined ? {} : kept.parse(fromCbor(bytes))
}
