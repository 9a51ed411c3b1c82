// One agent, over ports: joins the mesh and starts its components. The one place that knows all the others, and all that
// it needs of the world comes in through its ports. On a device `agent.ts` gives it libp2p, level and Modbus; in the
// simulator it runs unchanged over a virtual network, disk, plant and clock.

import { createHash } from 'node:crypto'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Feeder } from '../../topology/feeder.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { openLedger } from '../aggregation/ledger.ts'
import type { Store } from '../aggregation/store.ts'
import type { Hal } from '../hal/index.ts'
import { type AdmissionPolicy, refusalOf } from '../mesh/admission.ts'
import type { Credential } from '../mesh/credential.ts'
import type { Identity, VerifySignature } from '../mesh/identity.ts'
import type { Links } from '../mesh/links.ts'
import { messenger } from '../mesh/messenger.ts'
import type { Refused } from '../mesh/refusal.ts'
import type { Clock } from './clock.ts'
import { bus, type ComponentContext, type Report, type Running } from './component.ts'
import { defaultComponents, findComponent } from './components.ts'
import type { AgentConfig, ComponentEntry } from './config.ts'
import type { Log } from './log.ts'
import { NodeError } from './node-error.ts'
import { serveReadouts } from './readout.ts'
import { recordTime } from './record-time.ts'
import { keepReplayMarks, readReplayMarks } from './replay-marks.ts'

export interface Agent {
  readonly name: string
  readonly peerId: string
  addresses(): readonly string[]
  /** Flushes everything; idempotent. */
  stop(): Promise<void>
}

/** What an agent has of the world. It closes none of it but what it is handed through `links` and `hal`. */
export interface AgentPorts {
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly identity: Identity
  /** Its own, checked. */
  readonly credential: Credential
  /** Absent at a peer without a field device. */
  readonly hal: Hal | undefined
  readonly links: Links
  /** Checks a credential against the trusted authorities and the time. */
  readonly checkCredential: (token: string) => Promise<Credential | Refused>
  readonly verifySignature: VerifySignature
  /** From 0 to below 1; for spreading load in time, never for secrets. */
  readonly chance: () => number
  /** Fit for secrets. */
  readonly randomBytes: (count: number) => Uint8Array
  /** Runs something after what this turn sends has gone out; see `messenger.ts`. In the same turn where it is absent. */
  readonly soon?: (run: () => void) => void
  readonly onReport?: (report: Report) => void
}

/**
 * @param feeder for this agent alone: it keeps the positions that the agent knows
 * @throws NodeError BAD_INPUT when the store is another agent's; StoreError, LedgerError
 */
export async function runAgent(config: AgentConfig, feeder: Feeder, ports: AgentPorts): Promise<Agent> {
  const { clock, log, store, identity, credential, hal, links } = ports
  const undo: (() => Promise<void> | void)[] = [() => hal?.close()]
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= endAll()
    return stopped
  }
  async function endAll(): Promise<void> {
    for (const end of undo.reverse()) {
      await (async () => end())().catch(error => log.error('stop-failed', { reason: (error as Error).message }))
    }
  }
  try {
    await claimStore(store, config, feeder)
    const epoch = await nextEpoch(store, clock)
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
      verify: token => checkOther(token, ports, feeder),
      verifySignature: ports.verifySignature,
      now: clock.now,
      utc: clock.utc,
      utcGood: clock.utcGood,
      ...(ports.soon ? { soon: ports.soon } : {}),
      log: log.info,
    })
    const ledger = await openLedger({
      store,
      ied: config.name,
      randomBytes: ports.randomBytes,
      sign: identity.sign,
      utc: () => recordTime(clock),
    })
    const inside = bus((event, error) =>
      log.error('handler-failed', { event, reason: error.message, stack: error.stack }),
    )
    const report = (event: string, fields: Record<string, unknown> = {}): void =>
      inside.emit('report', { event, atMs: clock.now(), ...fields })
    inside.on('report', ({ event, ...fields }) => log.info(event, fields))
    if (ports.onReport !== undefined) inside.on('report', ports.onReport)
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
      chance: ports.chance,
      sign: identity.sign,
      verify: ports.verifySignature,
      report,
      readout: serveReadouts(links, credential.organisation).answer,
    }
    links.onPeer((peer, state) => report(`peer-${state}`, { peer: peer.credential.name, peers: links.peers().length }))
    await links.start()
    undo.push(() => links.stop())
    undo.push(keepReplayMarks(store, messages, clock, log))
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

/** What admission at this peer asks of a credential, beside its signature. */
export function admissionPolicy(feeder: Feeder): Omit<AdmissionPolicy, 'peerId'> {
  const owners = ownersOf(feeder.file)
  return { feeder: feeder.file.name, ownerOf: ied => owners.get(ied) }
}

const ownersByFile = new WeakMap<FeederFile, ReadonlyMap<string, string>>()

/** By IED; once for all agents of this process. */
function ownersOf(file: FeederFile): ReadonlyMap<string, string> {
  const owners = ownersByFile.get(file) ?? new Map(file.ieds.map(({ name, organisation }) => [name, organisation]))
  ownersByFile.set(file, owners)
  return owners
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

/** Marks the store as this agent's. @throws NodeError BAD_INPUT when it is another one's; StoreError */
export async function claimStore(store: Store, config: AgentConfig, feeder: Feeder): Promise<void> {
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

/** max(last persisted + 1, UTC seconds when time is good), persisted before anything is sent. */
async function nextEpoch(store: Store, clock: Clock): Promise<number> {
  const last = await store.get('meta/epoch')
  const next = (last === undefined ? 0 : z.number().parse(fromCbor(last))) + 1
  const epoch = clock.utcGood() ? Math.max(next, Math.floor(clock.utc() / 1000)) : next
  await store.batch([{ put: 'meta/epoch', value: toCbor(epoch) }], { durable: true })
  return epoch
}

/** A third peer's credential must pass what admission asks of a connected one's. */
async function checkOther(
  token: string,
  { checkCredential, identity }: AgentPorts,
  feeder: Feeder,
): Promise<Credential | { readonly refused: string }> {
  const result = await checkCredential(token)
  if ('refused' in result) return result
  const refused = refusalOf(result, result.peerId, { peerId: identity.peerId, ...admissionPolicy(feeder) })
  return refused === undefined ? result : { refused }
}
