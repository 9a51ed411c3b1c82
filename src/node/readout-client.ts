// The asking side of read-outs: joins as a person, asks one question, and leaves.

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { hrtime } from 'node:process'
import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { utcMs } from '../../topology/units.ts'
import { roles, type TrustedAuthority } from '../mesh/credential.ts'
import { type Identity, loadOrCreateIdentity } from '../mesh/identity.ts'
import { libp2pLinks } from '../mesh/libp2p-links.ts'
import type { Links } from '../mesh/links.ts'
import type { MeshError } from '../mesh/mesh-error.ts'
import { parseYaml, readText } from './config.ts'
import { NodeError } from './node-error.ts'
import { READOUT_PROTOCOL } from './readout.ts'

const loginSchema = z
  .object({
    key: z.string(),
    credential: z.string(),
    authorities: z
      .array(
        z
          .object({
            organisation: z.string(),
            publicKey: z.string(),
            roles: z.array(z.enum(roles)),
            feeders: z.array(z.string()).optional(),
            protection: z.unknown().optional(),
          })
          .strict(),
      )
      .min(1),
  })
  .strict()

export interface Login {
  readonly identity: Identity
  /** The credential as it travels. */
  readonly token: string
  readonly authorities: readonly TrustedAuthority[]
}

/**
 * @param loginFile YAML: key, credential, and whom to trust; paths relative to it
 * @throws NodeError REFUSED without a credential, BAD_INPUT
 */
export async function readLogin(loginFile: string): Promise<Login> {
  const { key, credential, authorities } = parseYaml(readText(loginFile, 'login'), loginFile, loginSchema)
  const home = dirname(loginFile)
  const identity = await loadOrCreateIdentity(resolve(home, key))
  return { identity, token: ownCredential(resolve(home, credential), identity.peerId), authorities }
}

export interface Joined {
  readonly links: Links
  /** Of the peer at that address. */
  readonly peerId: string
  leave(): Promise<void>
}

/**
 * Joins as a person, at one peer.
 *
 * @param address multiaddress of a running agent or back-end peer
 * @throws NodeError UNREACHABLE, REFUSED
 */
export async function joinAs({ identity, token, authorities }: Login, address: string): Promise<Joined> {
  const links = await libp2pLinks({
    identity,
    credential: token,
    authorities,
    policy: { feeder: undefined },
    listen: [],
    seeds: [address],
    mdns: false,
    now: () => Number(hrtime.bigint()) / 1e6,
    utc: () => utcMs(Date.now()),
    chance: Math.random,
    log: () => {},
  })
  const connected = new Promise<string>(found => links.onPeer((peer, state) => state === 'up' && found(peer.peerId)))
  await links.start()
  try {
    const peerId = await Promise.race([connected, refusalOrSilence(links, address)])
    return { links, peerId, leave: () => links.stop() }
  } catch (error) {
    await links.stop()
    throw error
  }
}

/** @throws NodeError UNREACHABLE, REFUSED, BAD_INPUT */
export const askReadout = (
  address: string,
  loginFile: string,
  what: string,
  parameters: Record<string, unknown>,
): Promise<unknown> =>
  askAsPerson(address, loginFile, READOUT_PROTOCOL, toCbor({ what, parameters })).then(bytes => fromCbor(bytes))

/**
 * One question to the peer at that address, and its answer.
 *
 * @throws NodeError UNREACHABLE, REFUSED, BAD_INPUT
 */
export async function askAsPerson(
  address: string,
  loginFile: string,
  protocol: string,
  question: Uint8Array,
): Promise<Uint8Array> {
  const { links, peerId, leave } = await joinAs(await readLogin(loginFile), address)
  try {
    return await links.request(peerId, protocol, question, { timeoutMs: 10_000 }).catch(from(address))
  } finally {
    await leave()
  }
}

function ownCredential(file: string, peerId: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    throw new NodeError(
      'REFUSED',
      `credential: no file ${file}; have your authority sign one of role VIEWER for peer id ${peerId}`,
    )
  }
}

/** Says at whose door it was. */
const from = (address: string) => (cause: MeshError) => {
  throw new NodeError(cause.code === 'MESH_REFUSED' ? 'REFUSED' : 'UNREACHABLE', `--at ${address}: ${cause.message}`, {
    cause,
  })
}

const SILENCE_MS = 6000

async function refusalOrSilence(links: Links, address: string): Promise<never> {
  for (let waited = 0; waited < SILENCE_MS; waited += 50) {
    await new Promise(wake => setTimeout(wake, 50))
    const [reason] = links.refusals().keys()
    if (reason === 'admission did not finish') break
    if (reason !== undefined) throw new NodeError('REFUSED', `--at ${address}: ${links.lastRefusal() ?? reason}`)
  }
  throw new NodeError('UNREACHABLE', `--at ${address}: no answer, want the address of a running agent or back-end peer`)
}
