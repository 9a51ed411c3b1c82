// One agent: reads its configuration, opens its store and identity, joins the mesh, and starts its components. The one
// place that knows all the others.

import { createHash, randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import { parseFeeder } from '../../topology/load-feeder.ts'
import { openLedger } from '../aggregation/ledger.ts'
import type { Store } from '../aggregation/store.ts'
import { type Hal, modbusHal, parseDeviceMap } from '../hal/index.ts'
import { type AdmissionPolicy, refusalOf } from '../mesh/admission.ts'
import { type Credential, type TrustedAuthority, verifyCredential } from '../mesh/credential.ts'
import { type Identity, loadOrCreateIdentity } from '../mesh/identity.ts'
import { libp2pLinks } from '../mesh/libp2p-links.ts'
import type { Links } from '../mesh/links.ts'
import { type Messenger, messenger } from '../mesh/messenger.ts'
import type { ReplayMark } from '../mesh/replay-window.ts'
import { type Clock, systemClock } from './clock.ts'
import { bus, type ComponentContext, type Report, type Running } from './component.ts'
import { defaultComponents, findComponent } from './components.ts'
import { type AgentConfig, type ComponentEntry, readText } from './config.ts'
import { openLevelStore } from './level-store.ts'
import { jsonLog, type Log } from './log.ts'
import { NodeError } from './node-error.ts'
import { serveReadouts } from './readout.ts'
import { recordTime } from './record-time.ts'

export interface Agent {
  readonly name: string
  readonly peerId: string
  addresses(): readonly string[]
  /** Flushes everything; idempotent. */
  stop(): Promise<void>
}

export interface AgentOptions {
  readonly onReport?: (report: Report) => void
  readonly clock?: Clock
  readonly log?: Log
}

/** @throws NodeError BAD_INPUT or REFUSED with one clear line; MeshError, StoreError, LedgerError likewise */
export async function startAgent(config: AgentConfig, options: AgentOptions = {}): Promise<Agent> {
  const clock = options.clock ?? systemClock()
  const log = options.log ?? jsonLog({ ied: config.name }, config.log)
  const feeder = readFeeder(config)
  await makeDataDir(config.dataDir)
  const store = await openLevelStore(join(config.dataDir, 'store'))
  const undo: (() => Promise<void> | void)[] = [() => store.close()]
  const stop = async (): Promise<void> => {
    for (const end of undo.splice(0).reverse()) {
      await (async () => end())().catch(error => log.error('stop-failed', { reason: (error as Error).message }))
    }
  }
  try {
    await claimStore(store, config, feeder)
    const identity = await loadOrCreateIdentity(join(config.dataDir, 'key'))
    const authorities: TrustedAuthority[] = config.authorities
    const credential = await ownCredential(config, identity, authorities, feeder, clock)
    const epoch = await nextEpoch(store, clock)
    const hal = openHal(config, clock)
    if (hal !== undefined) undo.push(() => hal.close())
    const links = await openLinks(config, identity, credential, feeder, clock, log)
    const messages = messenger({
      links,
      identity,
      credential,
      epoch,
      feeder: createHash('sha256').update(feeder.hash).digest().subarray(0, 16),
      policy: {
        protection: new Set(config.authorities.filter(({ protection }) => protection).map(entry => entry.organisation)),
      },
      replayMarks: await readReplayMarks(store),
      verify: token => verifyOther(token, authorities, identity.peerId, feeder, clock),
      utc: clock.utc,
      utcGood: clock.utcGood,
      log: log.info,
    })
    const ledger = await openLedger({
      store,
      ied: config.name,
      randomBytes: count => randomBytes(count),
      sign: identity.sign,
      utc: () => recordTime(clock),
    })
    const inside = bus((event, error) =>
      log.error('handler-failed', { event, reason: error.message, stack: error.stack }),
    )
    const readouts = serveReadouts(links, credential.organisation)
    const report = (event: string, fields: Record<string, unknown> = {}): void =>
      inside.emit('report', { event, atMs: clock.now(), ...fields })
    inside.on('report', ({ event, ...fields }) => log.info(event, fields))
    if (options.onReport !== undefined) inside.on('report', options.onReport)
    const context: Omit<ComponentContext, 'settings'> = {
      config,
      name: config.name,
      credential,
      epoch,
      feeder,
      clock,
      hal,
      links,
      messenger: messages,
      store,
      ledger,
      bus: inside,
      log,
      chance: () => randomInt(2 ** 32) / 2 ** 32,
      sign: identity.sign,
      report,
      readout: readouts.answer,
    }
    links.onPeer((peer, state) => report(`peer-${state}`, { peer: peer.credential.name, peers: links.peers().length }))
    await links.start()
    undo.push(() => links.stop())
    undo.push(clock.every(1000, () => saveReplayMarks(store, messages, log)))
    for (const running of await startComponents(context)) undo.push(() => running.stop())
    report('started', {
      peerId: identity.peerId,
      addresses: links.addresses(),
      epoch,
      ledger: ledger.head().number,
      ledgerId: ledger.ledgerId,
    })
    return { name: config.name, peerId: identity.peerId, addresses: () => links.addresses(), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startComponents(context: Omit<ComponentContext, 'settings'>): Promise<Running[]> {
  const entries: readonly ComponentEntry[] = context.config.components ?? defaultComponents(context.config)
  const started: Running[] = []
  try {
    for (const entry of entries) {
      const { use, settings } = typeof entry === 'string' ? { use: entry, settings: undefined } : entry
      const component = await findComponent(use)
      try {
        started.push(await component.start({ ...context, settings }))
      } catch (cause) {
        // Errors with a code of ours are clear already; anything else is named after the component that threw it.
        if ((cause as { code?: unknown }).code !== undefined) throw cause
        throw new NodeError('BAD_INPUT', `components: ${use} did not start: ${(cause as Error).message}`, { cause })
      }
    }
  } catch (error) {
    for (const running of started.reverse()) await running.stop()
    throw error
  }
  return started
}

function readFeeder(config: AgentConfig): Feeder {
  const feeder = createFeeder(parseFeeder(readText(config.feeder, 'feeder file'), config.feeder))
  const ied = feeder.file.ieds.find(({ name }) => name === config.name)
  if (config.role === 'IED' && ied === undefined) {
    const known = feeder.file.ieds.map(({ name }) => name).join(', ')
    throw new NodeError('BAD_INPUT', `name: "${config.name}" is no IED of ${config.feeder}, want one of ${known}`)
  }
  return feeder
}

async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true })
  } catch (cause) {
    const reason = (cause as Error).message
    throw new NodeError('BAD_INPUT', `dataDir: ${dataDir}: ${reason}, want a directory that can be written`, { cause })
  }
}

async function claimStore(store: Store, config: AgentConfig, feeder: Feeder): Promise<void> {
  const claim = `${feeder.file.name} ${config.name}`
  const known = await store.get('meta/claim')
  const text = known === undefined ? undefined : new TextDecoder().decode(known)
  if (text !== undefined && text !== claim) {
    throw new NodeError(
      'BAD_INPUT',
      `dataDir: ${config.dataDir} belongs to "${text}" (feeder, name), want that of "${claim}" or an empty directory`,
    )
  }
  if (text === undefined) {
    await store.batch([{ put: 'meta/claim', value: new TextEncoder().encode(claim) }], { durable: true })
  }
}

async function ownCredential(
  config: AgentConfig,
  identity: Identity,
  authorities: readonly TrustedAuthority[],
  feeder: Feeder,
  clock: Clock,
): Promise<Credential> {
  let token: string
  try {
    token = readFileSync(config.credential, 'utf8').trim()
  } catch {
    throw new NodeError(
      'REFUSED',
      `credential: no file ${config.credential}; have your authority sign one for peer id ${identity.peerId}`,
    )
  }
  const result = await verifyCredential(token, authorities, clock.utc())
  const wrong = 'refused' in result ? result.refused : mismatch(result, config, identity, feeder)
  if (wrong !== undefined) {
    const want = `one for peer id ${identity.peerId} as ${config.role} "${config.name}"`
    throw new NodeError('REFUSED', `credential: ${config.credential}: ${wrong}, want ${want}`)
  }
  return result as Credential
}

function mismatch(credential: Credential, config: AgentConfig, identity: Identity, feeder: Feeder): string | undefined {
  if (credential.peerId !== identity.peerId) return `is for peer id ${credential.peerId}`
  if (credential.name !== config.name) return `is for "${credential.name}"`
  if (!credential.roles.includes(config.role)) return `has no role ${config.role}`
  if (!credential.feeders.includes(feeder.file.name)) return `is not for feeder ${feeder.file.name}`
  if (config.role !== 'IED') return undefined
  const { organisation } = feeder.ied(config.name)
  return organisation === credential.organisation
    ? undefined
    : `is by ${credential.organisation}, the IED is ${organisation}'s`
}

/** max(last persisted + 1, UTC seconds when time is good), persisted before anything is sent. */
async function nextEpoch(store: Store, clock: Clock): Promise<number> {
  const last = await store.get('meta/epoch')
  const next = (last === undefined ? 0 : z.number().parse(fromCbor(last))) + 1
  const epoch = clock.utcGood() ? Math.max(next, Math.floor(clock.utc() / 1000)) : next
  await store.batch([{ put: 'meta/epoch', value: toCbor(epoch) }], { durable: true })
  return epoch
}

function openHal(config: AgentConfig, clock: Clock): Hal | undefined {
  if (config.device === undefined) return undefined
  const { host, port, unitId, map, timeoutMs, readOnly } = config.device
  const deviceMap = parseDeviceMap(readText(map, 'device map'), map)
  return modbusHal({ host, port, unitId, map: deviceMap, timeoutMs, readOnly, now: clock.now, utc: clock.utc })
}

function openLinks(
  config: AgentConfig,
  identity: Identity,
  credential: Credential,
  feeder: Feeder,
  clock: Clock,
  log: Log,
): Promise<Links> {
  return libp2pLinks({
    identity,
    credential: credential.token,
    authorities: config.authorities,
    policy: admissionPolicy(feeder),
    listen: config.listen,
    ...(config.announce ? { announce: config.announce } : {}),
    seeds: config.seeds,
    mdns: config.mdns,
    passive: config.passive,
    now: clock.now,
    utc: clock.utc,
    chance: () => randomInt(2 ** 32) / 2 ** 32,
    log: log.debug,
  })
}

/** A third peer's credential must pass what admission asks of a connected one's. */
async function verifyOther(
  token: string,
  authorities: readonly TrustedAuthority[],
  peerId: string,
  feeder: Feeder,
  clock: Clock,
): Promise<Credential | { readonly refused: string }> {
  const result = await verifyCredential(token, authorities, clock.utc())
  if ('refused' in result) return result
  const refused = refusalOf(result, result.peerId, { peerId, ...admissionPolicy(feeder) })
  return refused === undefined ? result : { refused }
}

function admissionPolicy(feeder: Feeder): Omit<AdmissionPolicy, 'peerId'> {
  const owners = new Map(feeder.file.ieds.map(({ name, organisation }) => [name, organisation]))
  return { feeder: feeder.file.name, ownerOf: ied => owners.get(ied) }
}

const REPLAY_KEY = 'mesh/replay'
const replayMarks = z.array(z.tuple([z.string(), z.number(), z.number()]))

async function readReplayMarks(store: Store): Promise<Map<string, ReplayMark>> {
  const bytes = await store.get(REPLAY_KEY)
  if (bytes === undefined) return new Map()
  return new Map(replayMarks.parse(fromCbor(bytes)).map(([peerId, epoch, greatest]) => [peerId, { epoch, greatest }]))
}

function saveReplayMarks(store: Store, messages: Messenger, log: Log): void {
  const marks = [...messages.replayMarks()].map(([peerId, { epoch, greatest }]) => [peerId, epoch, greatest])
  store.batch([{ put: REPLAY_KEY, value: toCbor(marks) }], { durable: false }).catch(error => {
    log.warn('replay-marks-not-saved', { reason: (error as Error).message })
  })
}
