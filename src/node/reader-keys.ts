// The keys of whoever is to read a part of an order, as an agent of the mesh knows them. It is not believed: each key comes
// with what proves it, a reader's own signed word, or a credential from which the key follows. The worst that an agent can do
// is to know none, or an older one, which its reader still opens.

import { announcedFor } from '../aggregation/key-announcement.ts'
import type { SealingKey } from '../aggregation/portion.ts'
import type { Credential } from '../mesh/credential.ts'
import type { VerifySignature } from '../mesh/identity.ts'
import { type PortionReader, readerText } from '../protection/order-portion.ts'
import { isMachine } from './command-rights.ts'
import { keyForSealing, sealingKey } from './jose-sealing.ts'
import { sealingProofs, sealingQuestion } from './key-protocol.ts'
import { NodeError } from './node-error.ts'
import { notTheReader, readKey, type SignedKey } from './signed-key.ts'

export interface ReaderKeyPorts {
  /** A question about sealing keys to an agent. */
  ask(question: Uint8Array): Promise<Uint8Array>
  readonly verify: VerifySignature
  checkCredential(token: string): Promise<Credential | { readonly refused: string }>
}

/** @throws NodeError BAD_INPUT when none is known */
export async function readerKeys(reader: PortionReader, ports: ReaderKeyPorts): Promise<readonly SealingKey[]> {
  const wanted = 'ied' in reader ? { name: reader.ied } : reader
  const { organisation, department } = 'ied' in reader ? {} : reader
  const question = sealingQuestion.encode({
    want: 'proofs',
    ...('name' in wanted ? { name: wanted.name } : {}),
    ...(organisation === undefined ? {} : { organisation }),
    ...(department === undefined ? {} : { department }),
  })
  const { announcements, credentials } = sealingProofs.decode(await ports.ask(question))
  const keys =
    'ied' in reader
      ? await iedKeys(reader.ied, credentials, ports)
      : await backEndKeys(reader, announcements, credentials, ports)
  if (keys.length > 0) return keys
  throw new NodeError(
    'BAD_INPUT',
    `no key of ${readerText(reader)} is known there, want an IED, or a reader with a back end`,
  )
}

async function counting(tokens: readonly string[], { checkCredential }: ReaderKeyPorts): Promise<Credential[]> {
  const checked = await Promise.all(tokens.map(token => checkCredential(token)))
  return checked.filter(each => !('refused' in each)) as Credential[]
}

/** @throws NodeError BAD_INPUT when two organisations have one of this name */
async function iedKeys(ied: string, tokens: readonly string[], ports: ReaderKeyPorts): Promise<SealingKey[]> {
  const found = (await counting(tokens, ports)).filter(each => each.name === ied && isMachine(each.roles))
  if (new Set(found.map(({ organisation }) => organisation)).size > 1) {
    throw new NodeError(
      'BAD_INPUT',
      `${ied} is the name of several: ${found.map(each => each.organisation).join(', ')}`,
    )
  }
  const [newest] = found.sort((one, other) => other.notBefore - one.notBefore)
  const key = newest && keyForSealing(newest)
  return key === undefined ? [] : [key]
}

/** Of each back end its latest word, or the key of its peer id; a word of the reader itself stands for all of them. */
async function backEndKeys(
  { organisation, department }: Exclude<PortionReader, { ied: string }>,
  jwses: readonly string[],
  tokens: readonly string[],
  ports: ReaderKeyPorts,
): Promise<SealingKey[]> {
  const isOf = (each: { readonly organisation: string; readonly department?: string | undefined }): boolean =>
    each.organisation === organisation && each.department === department
  const latest = new Map<string, SignedKey['announcement']>()
  for (const jws of jwses) {
    const signed = readKey(jws, ports.verify)
    if (typeof signed === 'string' || !isOf(signed.announcement) || !signed.verify()) continue
    const [signer] = await counting([signed.token], ports)
    if (signer?.peerId !== signed.peerId || notTheReader(signer, signed.announcement) !== undefined) continue
    const where = announcedFor(signed.announcement)
    if ((latest.get(where)?.epoch ?? 0) < signed.announcement.epoch) latest.set(where, signed.announcement)
  }
  const announced = [...latest.values()].map(each => sealingKey(each.sealingKey))
  if ([...latest.values()].some(({ backEnd }) => backEnd === undefined)) return announced
  const backEnds = (await counting(tokens, ports)).filter(each => isOf(each) && each.roles.includes('BACKEND'))
  const silent = backEnds.filter(({ name }) => ![...latest.values()].some(({ backEnd }) => backEnd === name))
  return [...announced, ...silent.flatMap(each => keyForSealing(each) ?? [])]
}
