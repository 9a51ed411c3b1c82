// One agent, over ports: joins the mesh and starts its components. The one place that knows all the others, and all that
// it needs of the world comes in through its ports. On a device `agent.ts` gives it libp2p, level and Modbus; in the
// simulator it runs unchanged over a virtual network, disk, plant and clock.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Feeder } from '../../topology/feeder.ts'
import { openLedger } from '../aggregation/ledger.ts'
import type { Sealing } from '../aggregation/portion.ts'
import type { Store } from '../aggregation/store.ts'
import type { Hal } from '../hal/index.ts'
import type { Credential } from '../mesh/credential.ts'
import type { FloodLimits } from '../mesh/flood-guard.ts'
import type { Identity, VerifySignature } from '../mesh/identity.ts'
import type { Links } from '../mesh/links.ts'
import { messenger } from '../mesh/messenger.ts'
import { guarded } from '../mesh/protocols.ts'
import type { Refused } from '../mesh/refusal.ts'
import type { Revocable, Revocation } from '../mesh/revocation.ts'
import type { RevocationList } from '../mesh/revocation-list.ts'
import { ownSealingKey } from '../mesh/sealing-key.ts'
import type { ComputeBills } from './bills-aside.ts'
import type { Clock } from './clock.ts'
import { whoIs } from './command-authority.ts'
import { commandPost } from './command-post.ts'
import { type AuditEntry, type Bus, bus, type ComponentContext, type Report, type Running } from './component.ts'
import { defaultComponents, findComponent } from './components.ts'
import { type AgentConfig, type ComponentEntry, protectionOf } from './config.ts'
import { departmentRights } from './department-rights.ts'
import { feederMark } from './feeder-mark.ts'
import { keyForSealing, type PrivateSealingKey } from './jose-sealing.ts'
import { type KnownKey, openKeyDesk } from './key-desk.ts'
import { openKeyRing } from './key-ring.ts'
import { serveKeys } from './key-service.ts'
import { ledgerQuota } from './ledger-config.ts'
import { loadDesks } from './load-desk.ts'
import type { Log } from './log.ts'
import { NodeError } from './node-error.ts'
import { serveOrderPortions } from './order-portion-service.ts'
import { orderingOf } from './ordering.ts'
import { withOwnRelay } from './own-relay.ts'
import { reportPeers } from './peer-reports.ts'
import { serveReadouts } from './readout.ts'
import { lacksFor } from './readout-homes.ts'
import { recordTime } from './record-time.ts'
import { keepReplayMarks, readReplayMarks } from './replay-marks.ts'
import { readRevocations } from './revocation-desk.ts'
import { withKeptSettings } from './run-time-settings.ts'
import type { ServiceManager } from './service-manager.ts'
import { openSharing } from './sharing-desk.ts'
import { serveSharing, takeSharingFile } from './sharing-service.ts'
import { checkOther } from './third-credential.ts'
import { revocationTopic } from './topics.ts'
import { type BroughtByHand, startTrust } from './trust.ts'

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
  /** The same of a revocation. */
  readonly checkRevocation: (token: string) => Promise<Revocation | Refused>
  /** Empty; the links ask it too. It is filled from the store, and by what comes in. */
  readonly revocations: RevocationList
  /** Absent where nobody brings anything. */
  readonly byHand?: BroughtByHand
  readonly verifySignature: VerifySignature
  /** By jose with the keys of this agent where it is absent. */
  readonly sealing?: Sealing
  /** Of the configuration's files. */
  readonly sealingKeys?: readonly PrivateSealingKey[]
  /** From 0 to below 1; for spreading load in time, never for secrets. */
  readonly chance: () => number
  /** Fit for secrets. */
  readonly randomBytes: (count: number) => Uint8Array
  /** Runs something after what this turn sends has gone out; see `messenger.ts`. In the same turn where it is absent. */
  readonly soon?: (run: () => void) => void
  readonly onReport?: (report: Report) => void
  /** Absent: where they are asked for. */
  readonly computeBills?: ComputeBills
  /** Absent where nobody waits for news of the process. */
  readonly serviceManager?: ServiceManager
  /** How much one peer may ask; the default is generous. */
  readonly questionLimits?: FloodLimits
}

/**
 * @param feeder for this agent alone: it keeps the positions that the agent knows
 * @throws NodeError BAD_INPUT when the store is another agent's; StoreError, LedgerError
 */
export async function runAgent(given: AgentConfig, feeder: Feeder, ports: AgentPorts): Promise<Agent> {
  const { clock, log, store, identity, credential, hal } = ports
  const inside = bus((event, error) =>
    log.error('handler-failed', { event, reason: error.message, stack: error.stack }),
  )
  const links = guarded(ports.links, {
    organisation: credential.organisation,
    now: clock.now,
    ...(ports.questionLimits === undefined ? {} : { limits: ports.questionLimits }),
    onRefused: (from, words) => inside.emit('audit', { kind: 'role-use', subject: whoIs(from), allowed: false, words }),
    onMalformed: ({ peerId }) => blame(peerId),
  })
  let blame = (_peerId: string): void => {}
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
    await claimStore(store, given, feeder)
    const config = await withKeptSettings(given, store, log)
    const epoch = await nextEpoch(store, clock)
    await readRevocations(store, ports.revocations, ports.checkRevocation)
    const isRevoked = (some: Revocable): boolean => ports.revocations.of(some) !== undefined
    const mark = feederMark(feeder)
    const report = (event: string, fields: Record<string, unknown> = {}): void =>
      inside.emit('report', { event, atMs: clock.now(), ...fields })
    inside.on('report', ({ event, ...fields }) => log.info(event, fields))
    if (ports.onReport !== undefined) inside.on('report', ports.onReport)
    const messages = messenger({
      links,
      identity,
      credential,
      epoch,
      feeder: mark,
      policy: protectionOf(config),
      replayMarks: await readReplayMarks(store),
      verify: token => checkOther(token, ports, feeder),
      isRevoked,
      onRival: (one, other) => trust.rival(one, other),
      onOwnKeyElsewhere: () => trust.ownKeyElsewhere('a message came in that it never sent'),
      verifySignature: ports.verifySignature,
      now: clock.now,
      utc: clock.utc,
      utcGood: clock.utcGood,
      ...(ports.soon ? { soon: ports.soon } : {}),
      persistEpoch: number => keepEpoch(store, number),
      alarm: (alarm, fields) => report('alarm', { alarm, ...fields }),
      log: log.info,
    })
    blame = messages.blame
    ports.links.onMalformed(blame)
    const ledger = await openLedger({
      store,
      ied: config.name,
      randomBytes: ports.randomBytes,
      sign: identity.sign,
      utc: () => recordTime(clock),
      quota: ledgerQuota(config.ledger),
    })
    // Its own it has checked itself: for what it orders of itself, as when it de-energises a section.
    const checkCredential = async (token: string) => {
      const own = messages.credential()
      return own.token === token ? own : checkOther(token, ports, feeder)
    }
    const device = hal === undefined || config.softwareRelay === undefined ? hal : withOwnRelay(hal, inside)
    const owner = feeder.file.ieds.find(({ name }) => name === config.name)?.organisation ?? credential.organisation
    const unsaid: AuditEntry[] = []
    let isRunning = false
    // What is said before the audit log runs is said once it does.
    const audit = (entry: AuditEntry): void => (isRunning ? inside.emit('audit', entry) : void unsaid.push(entry))
    const ring = await openKeyRing(store, ownSealingKey(identity), ports.sealingKeys ?? [])
    let keysAreServed = (_known: KnownKey, _from: string): void => {}
    const keys = await openKeyDesk({
      store,
      ring,
      verifySignature: ports.verifySignature,
      checkCredential,
      isRevoked,
      credential: messages.credential,
      sign: identity.sign,
      utcNow: clock.utc,
      utcGood: clock.utcGood,
      audit,
      changed(known, from) {
        const { organisation, epoch } = known.announcement
        report('sealing-key', { organisation, epoch, words: `${known.signedBy} has a new key` })
        inside.emit('sealing-key', { organisation })
        keysAreServed(known, from)
      },
    })
    const sharing = await openSharing({
      ied: { name: config.name, organisation: owner },
      config,
      store,
      verifySignature: ports.verifySignature,
      checkCredential,
      utcNow: clock.utc,
      audit,
      changed(version) {
        report('sharing-policy', { version })
        inside.emit('sharing', { version })
      },
    })
    const notShared = config.sharing === undefined ? undefined : await takeSharingFile(config.sharing, sharing)
    const loads = await loadDesks({
      name: config.name,
      feeder,
      hal: device,
      store,
      ledger,
      clock,
      bus: inside,
      report,
      log,
    })
    undo.push(() => loads.stop())
    const departments = departmentRights(sharing, config, clock.utc)
    const post = commandPost({ name: config.name, feeder, links, verify: ports.verifySignature })
    const readouts = serveReadouts(
      links,
      credential.organisation,
      auditReadouts(inside),
      departments.refusal,
      lacksFor(config),
    )
    const context: Omit<ComponentContext, 'settings'> = {
      config,
      name: config.name,
      get credential() {
        return messages.credential()
      },
      get epoch() {
        return messages.epoch()
      },
      feeder,
      clock,
      hal: loads.hal,
      loads,
      links,
      messenger: messages,
      store,
      ledger,
      bus: inside,
      log,
      chance: ports.chance,
      serviceManager: ports.serviceManager,
      computeBills: ports.computeBills,
      sign: identity.sign,
      sealing: ports.sealing ?? ring.sealing,
      sealingKeyOf: keyForSealing,
      verify: ports.verifySignature,
      isRevoked,
      sharing,
      keys,
      checkCredential,
      commandPost: post,
      order: orderingOf({
        identity,
        credential: messages.credential,
        epoch,
        feeder: mark,
        post,
        checkCredential,
        ports,
      }),
      report,
      readout: readouts.answer,
      listing: (what, rows) => readouts.list(what, departments.cut(what, rows)),
    }
    const { sealing } = context
    serveOrderPortions({ ledger, sealing, bus: inside, feeder, owner, readout: readouts.answer })
    serveSharing({ links, bus: inside }, sharing, keys, readouts.answer, clock.utc)
    keysAreServed = serveKeys({
      links,
      desk: keys,
      credential: messages.credential,
      credentialsOf(fits) {
        const names = [...sharing.backEnds().map(({ backEnd }) => backEnd), ...feeder.file.ieds.map(ied => ied.name)]
        const named = names.flatMap(each => messages.peerOf(each, fits) ?? [])
        const others = named.flatMap(peerId => messages.credentialOf(peerId) ?? [])
        const all = [messages.credential(), ...links.peers().map(peer => peer.credential), ...others].filter(fits)
        return [...new Map(all.map(each => [each.token, each])).values()]
      },
      readout: readouts.answer,
      log: log.debug,
    }).spread
    const trust = startTrust({
      links,
      messenger: messages,
      store,
      list: ports.revocations,
      clock,
      log,
      credential,
      topic: revocationTopic(feeder.file.name),
      alarmDays: config.renewal.alarmDays,
      checkSeconds: config.renewal.checkSeconds,
      byHand: ports.byHand,
      checkRevocation: ports.checkRevocation,
      report,
      audit: entry => inside.emit('audit', entry),
    })
    undo.push(() => trust.stop())
    reportPeers(links, report)
    await links.start()
    undo.push(() => links.stop())
    undo.push(keepReplayMarks(store, messages, clock, log))
    for (const running of await startComponents(context)) undo.push(() => running.stop())
    isRunning = true
    for (const entry of unsaid) inside.emit('audit', entry)
    if (notShared !== undefined) report('alarm', { alarm: 'sharingPolicy', reason: notShared })
    if (config.billing !== undefined) {
      const { tariffFault } = await import('./tariff-file.ts')
      const fault = tariffFault(config.billing.tariff)
      // Told now, and not with the first bill, which may be a month away. What protects goes on without a tariff.
      if (fault !== undefined) report('alarm', { alarm: 'billingTariff', reason: fault.slice(0, 300) })
    }
    inside.emit('components-started', {})
    loads.begin()
    trust.listenersAreUp()
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

/** What one may know of others' consumption and grid stands in the audit log; who is connected does not. */
const SENSITIVE: ReadonlySet<string> = new Set([
  'readings',
  'load-profile',
  'usage',
  'bill',
  'cost',
  'exchange',
  'history',
  'totals',
  'receipts',
  'ledger',
  'ledger-heads',
  'ledger-records',
  'ledger-evidence',
  'audit',
  'waveform',
  'fraud',
  'proof',
  'order-portions',
])

const auditReadouts = (inside: Bus) => (from: Credential, what: string, refused: string | undefined) => {
  if (refused === undefined && !SENSITIVE.has(what)) return
  const words = refused === undefined ? `read out ${what}` : `read-out ${what} refused: ${refused}`
  inside.emit('audit', { kind: 'role-use', subject: whoIs(from), allowed: refused === undefined, words })
}

async function startComponents(context: Omit<ComponentContext, 'settings'>): Promise<Running[]> {
  const entries: readonly ComponentEntry[] = context.config.components ?? defaultComponents(context.config)
  const started: Running[] = []
  try {
    for (const entry of entries) {
      const { use, settings } = typeof entry === 'string' ? { use: entry, settings: undefined } : entry
      const component = await findComponent(use)
      try {
        // Not a spread: that would take the epoch as it is now.
        const given = Object.defineProperties({ settings }, Object.getOwnPropertyDescriptors(context))
        started.push(await component.start(given as ComponentContext))
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
  await keepEpoch(store, epoch)
  return epoch
}

const keepEpoch = (store: Store, epoch: number): Promise<void> =>
  store.batch([{ put: 'meta/epoch', value: toCbor(epoch) }], { durable: true })
