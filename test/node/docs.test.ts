// The documents keep up with the code: each message and protocol is in docs/messages.cddl and docs/security.md, the
// example component loads and works, the example configuration is one.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { batchCodec, pullCodec } from '../../src/aggregation/delivery.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { rangeAskCodec } from '../../src/aggregation/range.ts'
import { encodeReading } from '../../src/aggregation/reading.ts'
import { parseDeviceMap } from '../../src/hal/index.ts'
import type { Hal, Measurement, Operation, Status } from '../../src/hal/port.ts'
import type { AuthorityRow } from '../../src/mesh/authority.ts'
import { sealEnvelope } from '../../src/mesh/envelope.ts'
import { newIdentity } from '../../src/mesh/identity.ts'
import { protocolTable } from '../../src/mesh/protocols.ts'
import { authorityTable } from '../../src/node/authority-table.ts'
import { bus, type ComponentContext, type Report } from '../../src/node/component.ts'
import { findComponent } from '../../src/node/components.ts'
import { agentConfigSchema, parseAgentConfig } from '../../src/node/config.ts'
import { exampleConfig } from '../../src/node/example-config.ts'
import { measuredNames } from '../../src/node/formula-values.ts'
import { serveReadouts } from '../../src/node/readout.ts'
import { testRows } from '../../src/node/test-types.ts'
import { encodeOutcome } from '../../src/protection/command.ts'
import { fromCbor } from '../../topology/cbor.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'
import { duration, instant, utcMs } from '../../topology/units.ts'
import { ledgerOn } from '../aggregation/fixtures.ts'
import { batch, commandOutcome, common, pull, rangeAsk, reading, samples } from '../wire/messages.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const cddl = text('docs/messages.cddl')
const security = text('docs/security.md')

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter(path => path.endsWith('.ts'))
  .map(path => text(join('src', path)))
const protocols = [...new Set(sources.flatMap(source => source.match(/\/feedermesh\/[a-z/]+\/\d+\.\d+\.\d+/g) ?? []))]

describe('messages.cddl', () => {
  it.each(protocols)('names %s', protocol => {
    expect(cddl).toContain(`${protocol} `)
    expect(security).toContain(`\`${protocol}\``)
  })

  const maps = cddlMaps(cddl)
  it('has a sample for each rule that is a message, and a rule for each sample', () => {
    const parts = [
      'envelope-body',
      'command-part',
      'degradation-finding',
      'per-phase',
      'record',
      'signed-head',
      'portion',
      'destination',
      'want',
      'lacking',
      'place-phasors',
      'phasor-pairs',
      'interruption',
      'time-bounds',
      'generator-history',
      'starts-required',
      'exchanged',
      'record-range',
      'multiplier',
      'order-portion',
    ]
    expect([...maps.keys()].sort()).toEqual([...Object.keys(samples), ...parts].sort())
  })
  it.each(Object.keys(samples))('%s: has exactly these keys', rule => {
    const [whole, ...others] = (samples[rule] ?? []).map(bytes => fromCbor(bytes) as object)
    expect(Object.keys(whole ?? {}).sort()).toEqual(keysOf(rule))
    for (const each of others) expectKeys(rule, each)
  })
  it('names the keys of what lies within', () => {
    const whole = fromCbor(batchCodec.encode(batch)) as { records: [object]; head: object; portions: [object] }
    expectKeys('record', whole.records[0], true)
    expectKeys('signed-head', whole.head, true)
    expectKeys('portion', whole.portions[0], true)
    const asked = fromCbor(pullCodec.encode(pull)) as {
      recipient: object
      want: object
      outcomes: [{ lacking: object }]
    }
    expectKeys('destination', asked.recipient, true)
    expectKeys('want', asked.want, true)
    expectKeys('record-range', (fromCbor(rangeAskCodec.encode(rangeAsk)) as { range: object }).range, true)
    expectKeys('lacking', asked.outcomes[0].lacking, true)
    const followed = fromCbor(samples['phasor-frames']?.[0] as Uint8Array) as { frames: [{ volts: object }] }
    expectKeys('place-phasors', followed.frames[0], true)
    expectKeys('phasor-pairs', followed.frames[0].volts, true)
    const ordered = fromCbor(samples.order?.[0] as Uint8Array) as { portions: [object] }
    expectKeys('order-portion', ordered.portions[0], true)
    const answered = fromCbor(encodeOutcome(commandOutcome)) as { parts: [object] }
    expectKeys('command-part', answered.parts[0], true)
    expectKeys('per-phase', (fromCbor(encodeReading(reading)) as { kw: object }).kw, true)
  })
  it('names the keys of the envelope', async () => {
    const identity = await newIdentity()
    const sealed = sealEnvelope(
      {
        type: 'warning',
        origin: identity.peerId,
        credentialHash: new Uint8Array(16),
        epoch: 1,
        sequence: 2,
        utc: common.utcMs,
        utcGood: true,
        lifetime: duration(2000),
        feeder: new Uint8Array(16),
        payload: new Uint8Array(1),
      },
      identity,
    )
    const [encoded, signed] = fromCbor(sealed) as [Uint8Array, Uint8Array]
    expect(signed.length).toBe(64)
    expectKeys('envelope-body', fromCbor(encoded) as object, true)
  })
  it('has the query that read-outs answer', async () => {
    let handle: ((from: never, bytes: Uint8Array) => Promise<Uint8Array>) | undefined
    const serve = (_protocol: string, given: typeof handle): void => {
      handle = given
    }
    serveReadouts({ serve } as never, 'utility').answer('peers', async parameters => parameters)
    const from = { roles: ['VIEWER'], organisation: 'utility', name: 'somebody' }
    expect(fromCbor((await handle?.(from as never, samples.query?.[0] as Uint8Array)) as Uint8Array)).toEqual({
      limit: 1,
    })
  })

  const keysOf = (rule: string): string[] => (maps.get(rule) ?? []).map(({ key }) => key).sort()

  function expectKeys(rule: string, value: object, whole = false): void {
    const keys = maps.get(rule) ?? []
    const wanted = keys.filter(({ optional }) => whole || !optional).map(({ key }) => key)
    expect(Object.keys(value)).toEqual(expect.arrayContaining(wanted))
    expect(keysOf(rule)).toEqual(expect.arrayContaining(Object.keys(value)))
  }
})

describe('the authority table of security.md', () => {
  const rows: AuthorityRow[] = []
  beforeAll(async () => {
    for (const name of [
      'positions',
      'early-warning',
      'relay-states',
      'interlock',
      'trip-coordination',
      'transfer-trip',
      'restoration',
      'roll-up',
      'degradation',
      'outages',
      'suppliers',
      'site-test',
    ]) {
      const component = await findComponent(name)
      const running = await component.start(await quietContext({ on: row => rows.push(row) }))
      await running.stop()
    }
  })

  it('has a row for each registered type, and no other', () => {
    const described = [...security.matchAll(/^\| `([a-z-]+)` +\| (?:IED|BACKEND)/gm)].map(([, type]) => type)
    expect(described.sort()).toEqual(rows.map(({ type }) => type).sort())
    for (const { type } of rows) expect(cddl).toContain(`"${type}"`)
  })
  it('says what the code says', () => {
    for (const { type, roles, from, sameFeeder, claims, topic, overGossip, places } of rows) {
      const line = security.split('\n').find(each => each.startsWith(`| \`${type}\``)) ?? ''
      const cells = line.split('|').map(cell => cell.trim())
      const where = places?.join(', ') ?? 'anywhere'
      expect([type, ...cells.slice(2, 9)]).toEqual([
        type,
        roles.join(', '),
        from,
        sameFeeder ? 'yes' : 'no',
        claims,
        topic,
        overGossip,
        where,
      ])
    }
  })
  it('is what the components register, and each row has all that it asks', () => {
    const table = [...Object.values(authorityTable), ...testRows]
    // Revocations are every agent's, whatever its components.
    const registered = [...rows.map(({ type }) => type), authorityTable.revocation.type].sort()
    expect(registered).toEqual(table.map(({ type }) => type).sort())
    for (const row of rows) {
      expect(row).toMatchObject(table.find(({ type }) => type === row.type) ?? {})
      expect(row.claim).toBeDefined()
      // A place that is asked for is looked at.
      expect(row.where !== undefined).toBe(row.places !== undefined)
      // What acts is never used by gossip alone.
      if (['tripped', 'transfer-trip', 'relay-state', 'interlock-answer'].includes(row.type))
        expect(['warns', 'refused']).toContain(row.overGossip)
    }
  })
})

describe('the table of protocols of security.md', () => {
  it.each(protocols)('and the one in the code both have %s', protocol => {
    const purpose = protocol.replace(/^\/feedermesh\/(.*)\/[0-9.]+$/, '$1')
    if (purpose === 'admission') return // before all others, and for everybody
    const row = protocolTable.find(each => each.purpose === purpose)
    expect(row, purpose).toBeDefined()
    const line = security.split('\n').find(each => each.startsWith(`| \`${protocol}\``)) ?? ''
    const machinesOnly = row?.roles !== 'any' && row?.roles.includes('BACKEND')
    if (line.includes('| MACHINE')) expect(machinesOnly).toBe(true)
    if (line.includes('any admitted peer')) expect(row?.roles).toBe('any')
  })
})

describe('the example component', () => {
  const file = join(ROOT, 'docs/examples/night-setback.js')
  const EVENING = Date.UTC(2026, 0, 15, 20, 59)

  async function night(settings: Record<string, unknown>, { utcGood = true } = {}) {
    const done: Operation[] = []
    const reports: Report[] = []
    const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
    let minutes = 0
    let shed = false
    const hal = {
      operate: async (operation: Operation) => {
        done.push(operation)
        shed = operation === 'shed'
      },
    } as Hal
    const clock = {
      now: () => instant(minutes * 60_000),
      utc: () => utcMs(EVENING + minutes * 60_000),
      utcGood: () => utcGood,
    }
    const report = (event: string, fields = {}): void => void reports.push({ event, atMs: clock.now(), ...fields })
    const context = { settings, hal, bus: inside, clock, report } as unknown as ComponentContext
    const component = await findComponent(file)
    const running = await component.start(context)
    return {
      done,
      reports,
      running,
      restoreByHand: () => {
        shed = false
      },
      /** So many minutes later the device is read, and shows this power. */
      async later(more: number, kw = 10) {
        minutes += more
        inside.emit('status', { shed } as Status)
        inside.emit('measurement', { kw: { a: kw / 2, b: kw / 2 } } as Measurement)
        await new Promise(resolve => setImmediate(resolve))
        return done.join(' ')
      },
    }
  }

  it('drops the load at the hour, over midnight, and restores it', async () => {
    const { later, reports } = await night({ fromUtc: '21:00', toUtc: '04:30' })
    expect(await later(0)).toBe('')
    expect(await later(1)).toBe('shed')
    expect(await later(449)).toBe('shed')
    expect(await later(1)).toBe('shed restore')
    expect(reports.map(({ event, operation, cause }) => `${event} ${operation} ${cause}`)).toEqual([
      'operated shed night',
      'operated restore night-setback-over',
    ])
  })
  it('drops it above the limit, and holds', async () => {
    const { later } = await night({ aboveKw: 40, holdMinutes: 15 })
    expect(await later(0, 40)).toBe('')
    expect(await later(1, 40.1)).toBe('shed')
    expect(await later(14)).toBe('shed')
    expect(await later(1)).toBe('shed restore')
  })
  it('drops it again when somebody restores it at night', async () => {
    const { later, restoreByHand } = await night({ fromUtc: '21:00', toUtc: '04:30' })
    await later(1)
    restoreByHand()
    expect(await later(1)).toBe('shed shed')
  })
  it('leaves what others dropped, and believes no hour of a bad clock', async () => {
    const { later } = await night({ fromUtc: '21:00', toUtc: '04:30' }, { utcGood: false })
    expect(await later(60)).toBe('')
  })
  it('is off the bus once stopped', async () => {
    const { later, running } = await night({ fromUtc: '21:00', toUtc: '04:30' })
    await running.stop()
    expect(await later(60)).toBe('')
  })
  it('says what is wrong in its settings', async () => {
    await expect(night({ fromUtc: '25:00', toUtc: '04:30' })).rejects.toThrow(/want a time of day/)
    await expect(night({})).rejects.toThrow(/want hours or aboveKw/)
  })
})

describe('examples in the documents', () => {
  it('the example configuration is one', () => {
    expect(parseAgentConfig(exampleConfig, 'ied.yaml').name).toBe('recloser-675')
  })
  it('each component list of components.md is one', () => {
    const lists = yamlBlocks('docs/components.md').filter(block => block.startsWith('components:'))
    expect(lists.length).toBeGreaterThan(0)
    for (const list of lists) {
      const whole = `${exampleConfig}\n${list}`
      expect(agentConfigSchema.shape.components.safeParse(parseAgentConfig(whole, 'ied.yaml').components).success).toBe(
        true,
      )
    }
  })
  it('each section of alerts.md is one, alone and with the others', () => {
    const blocks = yamlBlocks('docs/alerts.md')
    expect(blocks.length).toBeGreaterThan(2)
    for (const block of [...blocks, blocks.join('\n')]) {
      expect(parseAgentConfig(`${exampleConfig}\n${block}`, 'ied.yaml').name).toBe('recloser-675')
    }
  })
  it('the names in alerts.md are those that formulas have', () => {
    const rows = text('docs/alerts.md').match(/^\| `V[\s\S]*?\n\n/m)?.[0] ?? ''
    const said = new Set([...rows.matchAll(/`([A-Za-z]+\d*)`/g)].map(([, name]) => name))
    const ranges = ['T', 'D'].flatMap(letter =>
      [...measuredNames.keys()].filter(name => RegExp(`^${letter}\\d+$`).test(name)),
    )
    expect([...new Set([...said, ...ranges])].sort()).toEqual([...measuredNames.keys()].sort())
  })
  it('the device map of device-map.md is one', () => {
    const block = yamlBlocks('docs/device-map.md').find(each => each.includes('deviceMap: 1')) ?? ''
    expect(parseDeviceMap(block, 'device-map.md').name).toBe('feeder meter')
  })
  it('links lead to files that are there', () => {
    const documents = [
      'README.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      ...markdownBelow('docs'),
      ...markdownBelow('src'),
    ]
    const broken = documents.flatMap(document =>
      [...text(document).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => target)
        .filter(target => !/^[a-z]+:/.test(target))
        .filter(target => !existsSync(resolve(ROOT, dirname(document), target)))
        .map(target => `${document}: ${target}`),
    )
    expect(broken).toEqual([])
  })
})

/** Rules of the form `name = {`, with the keys of each. */
function cddlMaps(source: string): Map<string, { key: string; optional: boolean }[]> {
  const rules = [...source.matchAll(/^([a-z-]+) = \{\n([\s\S]*?)^\}/gm)]
  return new Map(
    rules.map(([, name = '', members = '']) => {
      const keys = [...members.matchAll(/^ {2}(\? )?(\w+): /gm)]
      return [name, keys.map(([, optional, key = '']) => ({ key, optional: optional !== undefined }))]
    }),
  )
}

const yamlBlocks = (path: string): string[] =>
  [...text(path).matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)

const markdownBelow = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.md'))
    .map(path => join(folder, path))

/** An agent's context in which nothing happens: for what components register when they start. */
async function quietContext({ on }: { on(row: AuthorityRow): void }): Promise<ComponentContext> {
  const path = 'topology/feeders/ieee13.yaml'
  const store = openMemoryStore()
  const nothing = (): void => {}
  return {
    config: parseAgentConfig(exampleConfig, 'ied.yaml'),
    settings: undefined,
    name: 'recloser-675',
    credential: { organisation: 'utility', roles: ['IED'], hash: new Uint8Array(16) },
    epoch: 1,
    feeder: createFeeder(parseFeeder(text(path), path)),
    clock: {
      now: () => instant(0),
      utc: () => utcMs(0),
      utcGood: () => true,
      wakeAt: () => nothing,
      every: () => nothing,
    },
    hal: undefined,
    loads: { all: [], hal: undefined, of: nothing, begin: nothing, stop: nothing },
    links: {
      peers: () => [],
      hold: nothing,
      onPeer: nothing,
      onAnnounced: nothing,
      subscribe: nothing,
      unsubscribe: nothing,
      serve: nothing,
    },
    sharing: { policy: () => [], backEnds: () => [] },
    messenger: { on, say: () => 0, expects: nothing, peerOf: nothing, credentialOf: nothing },
    store,
    ledger: await ledgerOn(store),
    bus: bus(nothing),
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    chance: () => 0.5,
    sign: () => new Uint8Array(64),
    report: nothing,
    readout: nothing,
    listing: nothing,
  } as unknown as ComponentContext
}
