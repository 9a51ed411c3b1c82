import { describe, expect, it } from 'vitest'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { parseAgentConfig } from '../../src/node/config.ts'
import { changeWords, partHashes } from '../../src/node/config-change.ts'
import { exampleConfig } from '../../src/node/example-config.ts'
import type { Log } from '../../src/node/log.ts'
import { keepSetting, settingKeys, withKeptSettings, withSetting } from '../../src/node/run-time-settings.ts'

const config = parseAgentConfig(exampleConfig, 'ied.yaml')
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

describe('a setting that is ordered', () => {
  it('is one of a closed list, with a value that the configuration could have', () => {
    expect(withSetting(config, 'forwarding.intervalSeconds', 3600)).toMatchObject({
      forwarding: { intervalSeconds: 3600 },
    })
    expect(withSetting(config, 'forwarding.intervalSeconds', 3601)).toMatch(/^forwarding.intervalSeconds: 3601: /)
    expect(withSetting(config, 'forwarding.intervalSeconds', 'soon')).toMatch(/^forwarding/)
    expect(withSetting(config, 'reactions.severe', 'shed')).toMatchObject({ reactions: { severe: 'shed' } })
    expect(withSetting(config, 'reactions.severe', 'explode')).toMatch(/^reactions.severe/)
    for (const key of ['authorities', 'device.readOnly', 'commands.twoPerson', 'constructor', '__proto__', '']) {
      expect(withSetting(config, key, true)).toBe(`"${key}" cannot be set, want one of ${settingKeys.join(', ')}`)
    }
  })
  it('leaves all else of the configuration as it is', () => {
    const next = withSetting(config, 'readings.intervalSeconds', 5)
    expect(next).toEqual({ ...config, readings: { ...config.readings, intervalSeconds: 5 } })
  })
  it('counts before the configuration file after a restart, the last one of a key', async () => {
    const store = openMemoryStore()
    await keepSetting(store, 'readings.intervalSeconds', 5)
    await keepSetting(store, 'readings.intervalSeconds', 7)
    await keepSetting(store, 'reactions.severe', 'open')
    const next = await withKeptSettings(config, store, quiet)
    expect(next.readings.intervalSeconds).toBe(7)
    expect(next.reactions.severe).toBe('open')
  })
  it('is left out, and said, when this version does not take it any more', async () => {
    const store = openMemoryStore()
    await keepSetting(store, 'gone.seconds', 5)
    await keepSetting(store, 'reactions.severe', 'open')
    const warned: unknown[] = []
    const log: Log = { ...quiet, warn: (event, fields) => void warned.push([event, fields?.key]) }
    expect((await withKeptSettings(config, store, log)).reactions.severe).toBe('open')
    expect(warned).toEqual([['setting-left-out', 'gone.seconds']])
  })
})

describe('what changed in the configuration', () => {
  const before = partHashes(config)
  it('is said by part, without what stands in it', () => {
    const next = partHashes({ ...config, seeds: ['/ip4/10.0.0.1/tcp/1'], forwarding: { intervalSeconds: 99 } })
    expect(changeWords(before, next)).toMatch(/^configuration [0-9a-f]{16}, changed: forwarding, seeds$/)
  })
  it('names a part that came or went', () => {
    const { device: _, ...without } = config
    expect(changeWords(before, partHashes(without))).toMatch(/changed: device$/)
    expect(changeWords(partHashes(without), before)).toMatch(/changed: device$/)
  })
  it('is a file too that it names by the same path, when something else stands in it', () => {
    const files = { 'feeder file': { name: 'small' }, 'device map': ['a: 1'] }
    const old = partHashes(config, files)
    expect(changeWords(old, partHashes(config, files))).toBeUndefined()
    expect(changeWords(old, partHashes(config, { ...files, 'feeder file': { name: 'other' } }))).toMatch(
      /changed: feeder file$/,
    )
    expect(changeWords(old, partHashes(config, { ...files, 'device map': ['a: 2'] }))).toMatch(/changed: device map$/)
  })
  it('is nothing for the same one, and the whole at the first start', () => {
    expect(changeWords(before, partHashes(config))).toBeUndefined()
    expect(changeWords(undefined, before)).toMatch(/^first start, with configuration /)
  })
})
