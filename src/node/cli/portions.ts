// `feedermesh portions`: who reads what of an IED, the policy that says so, and the keys that it seals to.

import { writeFileSync } from 'node:fs'
import { Command } from 'commander'
import type { z } from 'zod'
import { NodeError } from '../node-error.ts'
import { loginFile } from './command.ts'
import { addOrderPortions } from './order-portions.ts'
import { outputs } from './outputs.ts'
import { AS, DATA, type PortionArguments, placed, viewer } from './portion-options.ts'
import { addKeyCommands } from './sealing-keys.ts'
import { table } from './table.ts'

export function portionsCommand(): Command {
  const command = new Command('portions')
    .description('who reads what of an IED, from when to when, and why')
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `
Examples:
  feedermesh portions --at recloser-671                          who reads what
  feedermesh portions sign sharing.yaml --as ada.yaml --out sharing.jws
  feedermesh portions push sharing.jws --at recloser-671
  feedermesh portions regiven --at be-c                          what a back end gives on to departments
  feedermesh portions orders --at be-c                           orders with parts for several readers
  feedermesh portions rotate --at be-c --as secadm.yaml          a new key for a back-end peer that runs
  feedermesh portions keys --at recloser-671                     who seals to which announced key
  feedermesh portions key --out accounting.jwk                   a new key to seal to, for a reader
  feedermesh portions announce accounting.jwk --at be-c --as accountant.yaml`,
    )
  command
    .command('show', { isDefault: true })
    .description('who reads what of an IED now, and since which policy')
    .requiredOption('--at <address>', 'multiaddress, or the name of a peer that "up" runs')
    .option(AS, 'login (default: FEEDERMESH_AS, then the viewer that "up" made)')
    .option(...DATA)
    .option('--json', 'one JSON object', false)
    .action(show)
  command
    .command('sign')
    .description(
      "signs a sharing policy, as a person of the IEDs' owner, or what a back end gives on, as one of its organisation",
    )
    .argument('<file>', 'in YAML; "feedermesh schema sharing-policy" and "feedermesh schema regrant" have its form')
    .option(AS, 'login of the person who signs (default: FEEDERMESH_AS, then the operator that "up" made, if one)')
    .option(...DATA)
    .requiredOption('--out <file>', 'where the signed policy goes')
    .action(sign)
  command
    .command('push')
    .description('brings what was signed to running IEDs, or to the back-end peer that gives on')
    .argument('<file>', 'what "portions sign" wrote')
    .requiredOption('--at <addresses>', 'multiaddresses or names, with commas between')
    .option(AS, 'login of any person whom they admit (default: FEEDERMESH_AS, then the viewer that "up" made)')
    .option(...DATA)
    .action(push)
  command
    .command('regiven')
    .description("what a back-end peer gives on to back ends of its organisation's departments")
    .requiredOption('--at <address>', 'multiaddress, or the name of a back-end peer that "up" runs')
    .option(AS, 'login (default: FEEDERMESH_AS, then the viewer that "up" made)')
    .option(...DATA)
    .option('--json', 'one JSON object', false)
    .action(regiven)
  addKeyCommands(command)
  addOrderPortions(command)
  return command
}

async function show(options: PortionArguments): Promise<void> {
  const { at = '' } = options
  const { askReadout } = await import('../readout-client.ts')
  const answer = outputs.portions.parse(await askReadout(placed(at, options), viewer(options), 'sharing', {}))
  process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : portionsText(answer))
}

type Shown = z.infer<typeof outputs.portions>

function portionsText({ source, version, signedBy, acceptedUtc, grants }: Shown): string {
  const head = {
    policy: `policy version ${version}, signed by ${signedBy}, accepted ${acceptedUtc}`,
    configuration: 'no policy is signed: the configuration says who reads what',
    none: 'nobody reads anything: the configuration wants a signed policy, and none was accepted',
  }[source]
  const rows = grants.map(({ reader, backEnd, classes, from, to, state, required, ownKey, announced, why }) => ({
    reader,
    backEnd,
    classes: classes.join(' '),
    from: from ?? '',
    to: to ?? '',
    state,
    required: required ? 'yes' : 'no',
    key: announced !== null ? `announced, epoch ${announced}` : ownKey ? "the policy's" : "the peer's",
    why,
  }))
  return `${head}\n${rows.length === 0 ? '' : table(rows)}`
}

async function sign(file: string, options: PortionArguments): Promise<void> {
  const { isRegrantText, parseRegrant, parseSharing } = await import('../sharing-file.ts')
  const { MAX_SHARING_BYTES, signSharing } = await import('../signed-sharing.ts')
  const { signRegrant } = await import('../signed-regrant.ts')
  const { readLogin } = await import('../readout-client.ts')
  const { readText } = await import('../read-text.ts')
  const text = readText(file, 'sharing policy')
  const { identity, token } = await readLogin(loginFile(options))
  const signer = { peerId: identity.peerId, token, sign: identity.sign }
  const signed = (): { readonly jws: string; readonly words: string } => {
    if (isRegrantText(text)) {
      const document = parseRegrant(text, file)
      const { version, regives, departments } = document
      const words = `version ${version} of what ${regives} gives on, ${departments.length === 1 ? 'one department' : `${departments.length} departments`}`
      return { jws: signRegrant(document, signer), words }
    }
    const document = parseSharing(text, file)
    const words = `version ${document.version} for ${document.ieds.join(', ')}, ${document.readers.length} readers`
    return { jws: signSharing(document, signer), words }
  }
  const { jws, words } = signed()
  if (jws.length > MAX_SHARING_BYTES) {
    throw new NodeError('BAD_INPUT', `${file}: ${jws.length} bytes when signed, want ${MAX_SHARING_BYTES} at most`)
  }
  const { out = '' } = options
  writeFileSync(out, `${jws}\n`)
  process.stdout.write(`${out}: ${words}\n`)
}

async function regiven(options: PortionArguments): Promise<void> {
  const { at = '' } = options
  const { askReadout } = await import('../readout-client.ts')
  const answer = outputs.regiven.parse(await askReadout(placed(at, options), viewer(options), 'regiven', {}))
  process.stdout.write(options.json ? `${JSON.stringify(answer)}\n` : regivenText(answer))
}

function regivenText({ version, signedBy, acceptedUtc, regiven: rows }: z.infer<typeof outputs.regiven>): string {
  if (version === undefined) return 'nothing is given on: no version was ever accepted\n'
  const head = `version ${version}, signed by ${signedBy}, accepted ${acceptedUtc}\n`
  const shown = rows.map(({ from, to, upTo, of, why, ...row }) => ({
    ...row,
    from: from ?? '',
    to: to ?? '',
    reached: `${upTo} of ${of}`,
    why,
  }))
  return shown.length === 0 ? head : `${head}${table(shown)}`
}

async function push(file: string, options: PortionArguments): Promise<void> {
  const { readText } = await import('../read-text.ts')
  const { askAsPerson } = await import('../readout-client.ts')
  const { decodeSharingAnswer, encodeSharingQuestion } = await import('../sharing-protocol.ts')
  const { SHARING_PROTOCOL } = await import('../sharing-desk.ts')
  const { MAX_SHARING_BYTES } = await import('../signed-sharing.ts')
  const policy = readText(file, 'signed sharing policy').trim()
  if (policy.length > MAX_SHARING_BYTES || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(policy)) {
    throw new NodeError('BAD_INPUT', `${file}: is not signed, want what "portions sign" wrote`)
  }
  const question = encodeSharingQuestion({ policy })
  const failed: Error[] = []
  for (const at of (options.at ?? '').split(',').filter(each => each !== '')) {
    try {
      const bytes = await askAsPerson(placed(at, options), viewer(options), SHARING_PROTOCOL, question)
      const { version, isKnown } = decodeSharingAnswer(bytes)
      process.stdout.write(`${at}: version ${version} ${isKnown ? 'was in force already' : 'is in force'}\n`)
    } catch (error) {
      failed.push(error as Error)
    }
  }
  const [first] = failed
  if (first === undefined) return
  const words = failed.map(({ message }) => message).join('; ')
  throw new NodeError(first instanceof NodeError ? first.code : 'UNREACHABLE', words)
}
