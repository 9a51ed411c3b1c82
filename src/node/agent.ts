// One agent on a device: reads its configuration, opens its store, key and field device, and runs over libp2p.

import { randomBytes, randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createFeeder, type Feeder } from '../../topology/feeder.ts'
import { type Credential, type TrustedAuthority, verifyCredential } from '../mesh/credential.ts'
import { type Identity, loadOrCreateIdentity, verifyPeer } from '../mesh/identity.ts'
import { libp2pLinks } from '../mesh/libp2p-links.ts'
import type { ProtectionSettings } from '../mesh/protection-links.ts'
import { type Refused, refusal } from '../mesh/refusal.ts'
import { verifyRevocation } from '../mesh/revocation.ts'
import { revocationList } from '../mesh/revocation-list.ts'
import { whyNoSodium } from '../mesh/sodium.ts'
import { afterArrivals, joinProcess } from './after-arrivals.ts'
import { openAgentStore } from './agent-store.ts'
import { billsAside } from './bills-aside.ts'
import { changedFile } from './changed-file.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Report } from './component.ts'
import type { AgentConfig } from './config.ts'
import { openDevice } from './device-config.ts'
import { jsonLog, type Log } from './log.ts'
import { NodeError } from './node-error.ts'
import { rememberedPeers } from './remembered-peers.ts'
import { type Agent, claimStore, runAgent } from './run-agent.ts'
import { openSealedStore } from './sealed-store.ts'
import { readSealingKey } from './sealing-key-file.ts'
import type { ServiceManager } from './service-manager.ts'
import { sharedFeederFile } from './shared-feeder-file.ts'
import { readPassphrase, storeSecret } from './store-secret.ts'
import { admissionPolicy } from './third-credential.ts'
import type { BroughtByHand } from './trust.ts'

export type { Agent }

/** Node runs the program that was built; from the sources, as in tests, bills are computed where they are asked for. */
const BILLS_PROGRAM = import.meta.url.endsWith('.js') ? new URL('./bills-thread.js', import.meta.url) : undefined

export interface AgentOptions {
  readonly onReport?: (report: Report) => void
  readonly clock?: Clock
  readonly log?: Log
  /** Of the whole process: where it has several agents, of none of them. */
  readonly serviceManager?: ServiceManager
}

/** @throws NodeError BAD_INPUT or REFUSED with one clear line; MeshError, StoreError, LedgerError likewise */
export async function startAgent(config: AgentConfig, options: AgentOptions = {}): Promise<Agent> {
  const clock = options.clock ?? systemClock()
  const log = options.log ?? jsonLog({ ied: config.name }, config.log)
  const feeder = readFeeder(config)
  await makeDataDir(config.dataDir)
  const secret = config.store && storeSecret(config.store, config.dataDir)
  const opened = await openAgentStore(config)
  const leaveProcess = joinProcess()
  try {
    // Before the keys: a wrong directory is the first thing to know of.
    await claimStore(opened, config, feeder)
    const store = await openSealedStore(opened, secret, {
      purge: opened.purge,
      onProgress: entries => log.info('store-sealing', { entries }),
    })
    const identity = await loadOrCreateIdentity(
      join(config.dataDir, 'key'),
      config.key && readPassphrase('key', config.key),
    )
    const authorities: TrustedAuthority[] = config.authorities
    const credential = await ownCredential(config, identity, feeder, clock)
    const revocations = revocationList()
    const chance = (): number => randomInt(2 ** 32) / 2 ** 32
    const links = await libp2pLinks({
      identity,
      credential: credential.token,
      authorities: config.authorities,
      policy: admissionPolicy(feeder, revocations),
      listen: config.listen,
      ...(config.announce ? { announce: config.announce } : {}),
      seeds: config.seeds,
      mdns: config.mdns,
      announcements: config.announcements,
      passive: config.passive,
      protection: protectionSettings(config),
      relay: config.relay,
      dialling: { others: config.otherPeers },
      memory: rememberedPeers(store),
      now: clock.now,
      utc: clock.utc,
      chance,
      log: log.debug,
    })
    log.info('cryptography', whyNoSodium === undefined ? { by: 'libsodium' } : { by: 'OpenSSL', whyNot: whyNoSodium })
    const agent = await runAgent(config, feeder, {
      clock,
      log,
      store,
      identity,
      credential,
      hal: config.device && (await openDevice(config.device, clock)),
      links,
      sealingKeys: config.sealingKeys.map(readSealingKey),
      checkCredential: token => verifyCredential(token, authorities, clock.utc()),
      checkRevocation: token => verifyRevocation(token, authorities, clock.utc()),
      revocations,
      byHand: byHand(config, token => checkOwn(token, config, identity, feeder, clock)),
      verifySignature: verifyPeer,
      chance,
      randomBytes: count => randomBytes(count),
      soon: afterArrivals,
      ...(BILLS_PROGRAM === undefined ? {} : { computeBills: billsAside(BILLS_PROGRAM) }),
      ...(options.onReport ? { onReport: options.onReport } : {}),
      ...(options.serviceManager ? { serviceManager: options.serviceManager } : {}),
    })
    return {
      ...agent,
      async stop() {
        try {
          await agent.stop()
        } finally {
          leaveProcess()
          await opened.close()
        }
      },
    }
  } catch (error) {
    leaveProcess()
    await opened.close()
    throw error
  }
}

function readFeeder(config: AgentConfig): Feeder {
  const feeder = createFeeder(sharedFeederFile(config.feeder))
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

async function ownCredential(
  config: AgentConfig,
  identity: Identity,
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
  const result = await checkOwn(token, config, identity, feeder, clock)
  if ('refused' in result) {
    const want = `one for peer id ${identity.peerId} as ${config.role} "${config.name}"`
    const why = `${result.refused}${byTheClock(result, clock)}`
    throw new NodeError('REFUSED', `credential: ${config.credential}: ${why}, want ${want}`)
  }
  return result
}

/** After a power cut a device without a clock of its own is in 1970: then it is not the credential that is wrong. */
function byTheClock({ reason, refused }: Refused, clock: Clock): string {
  if (reason !== 'credential has expired' && !refused.includes('"nbf"')) return ''
  const at = `by this machine's clock, ${new Date(clock.utc()).toISOString()}`
  return clock.utcGood() ? ` ${at}` : ` ${at}, which was never set: set it first`
}

/** The same at the start and at each renewal. */
async function checkOwn(
  token: string,
  config: AgentConfig,
  identity: Identity,
  feeder: Feeder,
  clock: Clock,
): Promise<Credential | Refused> {
  const result = await verifyCredential(token, config.authorities, clock.utc())
  const wrong = 'refused' in result ? undefined : mismatch(result, config, identity, feeder)
  return wrong === undefined ? result : refusal('credential is not valid', wrong)
}

const CREDENTIAL_BYTES = 16 * 1024
const REVOCATIONS_BYTES = 8 * 1024 * 1024

/** The files that somebody may write while the agent runs. */
function byHand(config: AgentConfig, check: (token: string) => Promise<Credential | Refused>): BroughtByHand {
  const credential = changedFile(config.credential, CREDENTIAL_BYTES)
  const revocations = config.revocations === undefined ? undefined : changedFile(config.revocations, REVOCATIONS_BYTES)
  return {
    async credential() {
      const text = await credential()
      return text === undefined ? undefined : check(text.trim())
    },
    async revocations() {
      const text = (await revocations?.()) ?? ''
      return text
        .split('\n')
        .map(line => line.trim())
        .filter(line => line !== '')
    },
  }
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

function protectionSettings({ protection: { port, ...settings } }: AgentConfig): Partial<ProtectionSettings> {
  return port === undefined ? settings : { ...settings, port }
}
