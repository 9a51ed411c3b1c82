// `feedermesh portions key|keys|rotate|announce`: the keys that portions are sealed to.

import type { Command } from 'commander'
import { NodeError } from '../node-error.ts'
import { loginFile } from './command.ts'
import { outputs } from './outputs.ts'
import { AS, DATA, type PortionArguments, placed, viewer } from './portion-options.ts'
import { table } from './table.ts'

export function addKeyCommands(command: Command): void {
  command
    .command('key')
    .description('makes a private sealing key (mode 0600) for a back-end peer, and prints its public part')
    .argument('[file]', 'a key that is there already: prints its public part')
    .option('--out <file>', 'where the new key goes')
    .option('--json', 'one JSON object', false)
    .action(key)
  command
    .command('keys')
    .description('the keys that readers have announced, as a peer knows them')
    .requiredOption('--at <address>', 'multiaddress, or the name of a peer that "up" runs')
    .option(AS, 'login (default: FEEDERMESH_AS, then the viewer that "up" made)')
    .option(...DATA)
    .option('--json', 'one JSON object', false)
    .action(keys)
  command
    .command('rotate')
    .description('has a running back-end peer make a new key and announce it: IEDs seal to that one from then on')
    .requiredOption('--at <address>', 'multiaddress, or the name of a back-end peer that "up" runs')
    .option(AS, 'login of a person of the same organisation and department with role SECADM or ENGINEER')
    .option(...DATA)
    .option('--json', 'one JSON object', false)
    .action(rotate)
  command
    .command('announce')
    .description("announces the public part of a key as the signer's organisation or department")
    .argument('<file>', 'a key, as "portions key" makes it')
    .requiredOption('--at <addresses>', 'multiaddresses or names, with commas between; they tell all the others')
    .option(AS, 'login of a person of the reader with role SECADM or ENGINEER')
    .option(...DATA)
    .action(announce)
}

async function key(file: string | undefined, { out, json }: PortionArguments): Promise<void> {
  if ((file === undefined) === (out === undefined)) {
    throw new NodeError('BAD_INPUT', 'portions key: want --out FILE for a new key, or the FILE of one that is there')
  }
  const { newSealingKey, publicKeyIn } = await import('../sealing-key-file.ts')
  const { kid, x } = file === undefined ? newSealingKey(out as string) : publicKeyIn(file)
  const answer = outputs['portions-key'].parse({ kid, sealingKey: x })
  process.stdout.write(json ? `${JSON.stringify(answer)}\n` : `sealingKey: ${x}\nkid: ${kid}\n`)
}

async function keys(options: PortionArguments): Promise<void> {
  const { askReadout } = await import('../readout-client.ts')
  const found = await askReadout(placed(options.at ?? '', options), viewer(options), 'sealing-keys', {})
  const answer = outputs['sealing-keys'].parse(found)
  process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : keysText(answer.keys))
}

function keysText(rows: readonly Record<string, unknown>[]): string {
  if (rows.length === 0)
    return 'no reader has announced a key: what is sealed is sealed to the keys of peer ids and policies\n'
  return table(
    rows.map(({ department, backEnd, heldHere, ...row }) => ({
      organisation: row.organisation,
      department: department ?? '',
      backEnd: backEnd ?? '',
      ...row,
      heldHere: heldHere ? 'yes' : 'no',
    })),
  )
}

async function rotate(options: PortionArguments): Promise<void> {
  const { askAsPerson } = await import('../readout-client.ts')
  const { SEALING_PROTOCOL, sealingQuestion, sealingRotated } = await import('../key-protocol.ts')
  const { at = '' } = options
  const question = sealingQuestion.encode({ want: 'rotate' })
  const bytes = await askAsPerson(placed(at, options), loginFile(options), SEALING_PROTOCOL, question)
  const rotated = sealingRotated.decode(bytes)
  const { kid, epoch } = rotated
  process.stdout.write(
    options.json ? `${JSON.stringify(rotated)}\n` : `${at}: key ${kid}, epoch ${epoch}, is announced\n`,
  )
}

async function announce(file: string, options: PortionArguments): Promise<void> {
  const { askAsPerson, readLogin } = await import('../readout-client.ts')
  const { SEALING_PROTOCOL, sealingQuestion, sealingTaken } = await import('../key-protocol.ts')
  const { verifyCredential } = await import('../../mesh/credential.ts')
  const { utcMs } = await import('../../../topology/units.ts')
  const { signKey } = await import('../signed-key.ts')
  const { publicKeyIn } = await import('../sealing-key-file.ts')
  const { x } = publicKeyIn(file)
  const login = loginFile(options)
  const { identity, token, authorities } = await readLogin(login)
  const now = Date.now()
  const own = await verifyCredential(token, authorities, utcMs(now))
  if ('refused' in own) throw new NodeError('REFUSED', `${login}: ${own.refused}`)
  const { organisation, department } = own
  const about = { organisation, ...(department === undefined ? {} : { department }) }
  const announcement = { ...about, epoch: Math.floor(now / 1000), sealingKey: x }
  const jws = signKey(announcement, { peerId: identity.peerId, token, sign: identity.sign })
  const question = sealingQuestion.encode({ want: 'take', announcements: [jws] })
  for (const at of (options.at ?? '').split(',').filter(each => each !== '')) {
    const { taken } = sealingTaken.decode(await askAsPerson(placed(at, options), login, SEALING_PROTOCOL, question))
    const [{ verdict, words } = { verdict: 'refused', words: 'no answer' }] = taken
    if (verdict === 'refused' || verdict === 'older')
      throw new NodeError('REFUSED', `--at ${at}: sealing key: ${words}`)
    process.stdout.write(`${at}: epoch ${announcement.epoch} ${verdict === 'new' ? 'counts' : 'was known already'}\n`)
  }
}
