// `feedermesh authority`: makes an organisation's key, issues credentials with it, takes them back, and lists them.

import { Command, Option } from 'commander'
import { type Role, roles } from '../../mesh/credential.ts'
import type { Issued, Revoked } from '../issue-register.ts'
import { NodeError } from '../node-error.ts'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'
import { table } from './table.ts'

// What needs libp2p or jose is loaded when it is used: `--help` answers at once.
const keys = () => import('../authority-key.ts')
const desk = () => import('../authority-desk.ts')
const register = () => import('../issue-register.ts')

const AUTHORITY = ['--authority <path>', 'directory or key file that "init" made'] as const
const PASSPHRASE = ['--passphrase-file <file>', 'its first line (else FEEDERMESH_PASSPHRASE, else asked for)'] as const

export const authorityCommand = (): Command =>
  new Command('authority')
    .description("an organisation's key, and the credentials signed with it")
    .addHelpText(
      'after',
      `
Examples:
  feedermesh authority init utility --out utility                the key is encrypted with a passphrase
  feedermesh authority issue --authority utility --peer-id 12D3… --name recloser-675 --role IED --feeder ieee13 --out credential.jwt
  feedermesh authority issue --authority utility --person --name alice --role OPERATOR --feeder ieee13 --out-dir people
  feedermesh authority issue --authority utility --renew recloser-675 --out credential.jwt
  feedermesh authority revoke recloser-675 --authority utility --reason stolen --at recloser-632 --as people/alice.yaml
  feedermesh authority list --authority utility

Keep it off the IEDs. The key is a JWK (RFC 7517), plain or in a JWE; credentials and revocations are JWTs (RFC 7519):
any JOSE tool reads them, for example: step crypto jwt inspect --insecure < credential.jwt`,
    )
    .addCommand(initCommand())
    .addCommand(showCommand())
    .addCommand(issueCommand())
    .addCommand(revokeCommand())
    .addCommand(listCommand())

const initCommand = (): Command =>
  new Command('init')
    .description('makes the key of an organisation')
    .argument('<organisation>')
    .requiredOption(
      '--out <path>',
      'a directory, with the key encrypted; or a file FILE.jwk, with the key plain and of mode 0600',
    )
    .option(...PASSPHRASE)
    .option('--no-passphrase', 'leave the key plain (mode 0600) in the directory')
    .action(async (organisation: string, options: { out: string; passphraseFile?: string; passphrase: boolean }) => {
      checkName('organisation', organisation)
      const { authorityPlace, createAuthority } = await keys()
      const place = authorityPlace(options.out)
      const isPlain = place.encryptedKey === undefined || !options.passphrase
      if (isPlain && options.passphraseFile !== undefined) {
        throw new NodeError(
          'BAD_INPUT',
          `--out ${options.out}: its key stays plain; want a directory, without --no-passphrase, for a key with a passphrase`,
        )
      }
      const { readPassphrase } = await import('../passphrase.ts')
      const passphrase = isPlain
        ? undefined
        : await readPassphrase(options.passphraseFile, `passphrase for ${organisation}'s key`, true)
      const { publicKey } = await createAuthority(place, organisation, passphrase)
      print({ organisation, publicKey })
    })

const showCommand = (): Command =>
  new Command('show')
    .description('prints the public key, as configurations need it')
    .requiredOption(...AUTHORITY)
    .option('--json', 'one JSON object', false)
    .action(async ({ authority, json }: { authority: string; json: boolean }) => {
      const { authorityPlace, readPublic } = await keys()
      const { organisation, publicKey } = readPublic(authorityPlace(authority))
      if (!json) return print({ organisation, publicKey })
      const jwk = { kty: 'OKP' as const, crv: 'Ed25519' as const, x: publicKey }
      line(outputs['authority-show'].parse({ organisation, publicKey, jwk }))
    })

interface IssueArguments {
  readonly authority: string
  readonly passphraseFile?: string
  readonly person: boolean
  readonly peerId?: string
  readonly name?: string
  readonly role?: readonly Role[]
  readonly feeder?: readonly string[]
  readonly department?: string
  readonly serial?: string
  readonly place?: string
  readonly sealingKey?: string
  readonly renew?: string
  readonly replace: boolean
  readonly days: string
  readonly out?: string
  readonly outDir?: string
}

const issueCommand = (): Command =>
  new Command('issue')
    .description('signs a credential: for a peer id, for a person whose key it makes, or again for one that ends')
    .requiredOption(...AUTHORITY)
    .option(...PASSPHRASE)
    .option('--peer-id <id>', 'whose key it is for')
    .option('--person', 'make the key and a login file too, under --out-dir', false)
    .option('--renew <name|id>', 'the same again as the latest of that name, or as that one')
    .option('--name <name>', 'IED or back-end name, or a person')
    .addOption(new Option('--role <role...>', 'what it may be').choices(roles))
    .option('--feeder <name...>', 'feeders on which it counts')
    .option('--department <text>', 'of the organisation')
    .option('--serial <text>', "the device's serial number")
    .option('--place <lat,lon>', 'degrees')
    .option('--sealing-key <key>', 'X25519 public key, base64url: what is sealed for it alone')
    .option('--replace', 'though another key holds a live credential for the name', false)
    .option('--days <n>', 'validity', '365')
    .option('--out <file>', 'where the credential goes')
    .option('--out-dir <dir>', "where a person's login goes")
    .action(issue)

async function issue(options: IssueArguments): Promise<void> {
  const { authority: path, renew, person } = options
  const { authorityPlace } = await keys()
  const place = authorityPlace(path)
  const days = Number(options.days)
  if (!(days > 0 && days <= 36_500)) throw new NodeError('BAD_INPUT', `--days ${options.days}: want 1 to 36500`)
  const before = renew === undefined ? undefined : await latest(place.register, renew)
  const name = need('--name', options.name ?? before?.name)
  checkName('--name', name)
  const held = need('--role', options.role ?? before?.roles)
  checkRoles(held, person)
  const claim = {
    name,
    roles: held,
    feeders: need('--feeder', options.feeder ?? before?.feeders),
    days,
    department: options.department ?? before?.department,
    serial: options.serial ?? before?.serial,
    sealingKey: sealingKeyOf(options.sealingKey ?? before?.sealingKey),
    place: options.place === undefined ? before?.place : placeOf(options.place),
  }
  const { issueCredential, makeLogin } = await desk()
  const now = Date.now()
  if (person) {
    if (options.peerId !== undefined || options.out !== undefined) {
      throw new NodeError('BAD_INPUT', '--person makes the key itself: want --out-dir, neither --peer-id nor --out')
    }
    const outDir = need('--out-dir', options.outDir)
    const authority = await unlock(options)
    const trusted = [{ organisation: authority.organisation, publicKey: authority.publicKey, roles: [...MACHINES] }]
    const { login } = await makeLogin(authority, place, { ...claim, outDir, trusted }, now)
    return void process.stdout.write(
      `${login}: ${name} of ${authority.organisation}, ${held.join(', ')}, ${days} days\n`,
    )
  }
  const peerId = await checkedPeerId(need('--peer-id, --person or --renew', options.peerId ?? before?.peerId))
  const out = need('--out', options.out)
  const authority = await unlock(options)
  await issueCredential(authority, place, { ...claim, peerId, out }, now, { replacing: options.replace })
  process.stdout.write(`${out}: ${name} of ${authority.organisation}, ${held.join(', ')}, ${days} days\n`)
}

interface RevokeArguments {
  readonly authority: string
  readonly passphraseFile?: string
  readonly peerId?: string
  readonly reason: string
  readonly at?: string
  readonly as?: string
  readonly data?: string
}

const revokeCommand = (): Command =>
  new Command('revoke')
    .description('takes back the keys of a name, or one credential by its id; agents cut it off within a second')
    .argument('[name|id]')
    .requiredOption(...AUTHORITY)
    .option(...PASSPHRASE)
    .option('--peer-id <id>', 'this key, whatever was issued to it')
    .option('--reason <text>', 'for the audit logs', '')
    .option('--at <addresses>', 'deliver it to these running agents: multiaddresses or names, with commas between')
    .option(
      '--as <file>',
      "login of any person whom they admit (default: FEEDERMESH_AS, then the viewer that 'up' made)",
    )
    .option('--data <dir>', "data directory of 'up', to look names up")
    .action(revokeAndDeliver)

async function revokeAndDeliver(nameOrId: string | undefined, options: RevokeArguments): Promise<void> {
  if ((nameOrId === undefined) === (options.peerId === undefined)) {
    throw new NodeError('BAD_INPUT', 'revoke: want a name, or the id of a credential, or --peer-id')
  }
  if (options.reason.length > 200) throw new NodeError('BAD_INPUT', '--reason: want at most 200 characters')
  const { authorityPlace } = await keys()
  const { revoke } = await desk()
  const place = authorityPlace(options.authority)
  // Before anything is signed: a name that is not known here is told at once.
  const addresses = (options.at ?? '')
    .split(',')
    .filter(each => each !== '')
    .map(at => ({ at, address: addressOf({ at, ...(options.data === undefined ? {} : { data: options.data }) }) }))
  const which =
    options.peerId === undefined ? { nameOrId: nameOrId as string } : { peerId: await checkedPeerId(options.peerId) }
  const made = await revoke(await unlock(options), place, which, options.reason, Date.now())
  for (const { peerId, id } of made) {
    process.stdout.write(`revoked: ${id === undefined ? `key ${peerId}` : `credential ${id} of ${peerId}`}\n`)
  }
  process.stdout.write(`written: ${place.revocations}\n`)
  const failed = []
  for (const { at, address } of addresses) {
    const failure = await deliver(address, options, made).then(
      () => undefined,
      (error: Error) => error,
    )
    if (failure === undefined) process.stdout.write(`delivered: ${at}\n`)
    else failed.push(failure)
  }
  const [first] = failed
  if (first === undefined) return
  const words = failed.map(({ message }) => message).join('; ')
  throw new NodeError(first instanceof NodeError ? first.code : 'UNREACHABLE', `signed, but not delivered: ${words}`)
}

async function deliver(address: string, options: RevokeArguments, made: readonly Revoked[]): Promise<void> {
  const login = loginOf(options)
  const { askAsPerson } = await import('../readout-client.ts')
  const { encodeRevocationQuestion, REVOCATIONS_PROTOCOL } = await import('../revocation-desk.ts')
  const question = encodeRevocationQuestion({ tokens: made.map(({ token }) => token) })
  await askAsPerson(address, login, REVOCATIONS_PROTOCOL, question)
}

const listCommand = (): Command =>
  new Command('list')
    .description('what was issued, and what has become of it')
    .requiredOption(...AUTHORITY)
    .option('--all', 'expired ones too', false)
    .option('--json', 'one JSON object', false)
    .action(async ({ authority, all, json }: { authority: string; all: boolean; json: boolean }) => {
      const { authorityPlace, readPublic } = await keys()
      const { isIssued, readRegister, revocationOf, stateOf } = await register()
      const place = authorityPlace(authority)
      const { organisation } = readPublic(place)
      const entries = readRegister(place.register)
      const now = Date.now()
      const rows = entries
        .filter(isIssued)
        .map(each => ({ each, state: stateOf(entries, each, now) }))
        .filter(({ state }) => all || state !== 'expired')
        .map(({ each, state }) => {
          const { name, roles: held, feeders, from, until, id, peerId } = each
          const reason = revocationOf(entries, each)?.reason
          const rest = reason === undefined || reason === '' ? {} : { reason }
          return { name, roles: held, feeders, state, from, until, id, peerId, ...rest }
        })
      if (json) return line(outputs['authority-list'].parse({ organisation, credentials: rows }))
      const days = rows.map(row => ({ ...row, from: row.from.slice(0, 10), until: row.until.slice(0, 10) }))
      process.stdout.write(table(days))
    })

// Parts ----------------------------------------------------------------------------------------------------------------

const MACHINES = ['IED', 'BACKEND'] as const

async function unlock({ authority, passphraseFile }: { readonly authority: string; readonly passphraseFile?: string }) {
  const { authorityPlace, openAuthority } = await keys()
  const { readPassphrase } = await import('../passphrase.ts')
  return openAuthority(authorityPlace(authority), () =>
    readPassphrase(passphraseFile, `passphrase of ${authority}`, false),
  )
}

async function latest(file: string, nameOrId: string): Promise<Issued> {
  const { isIssued, readRegister } = await register()
  const issued = readRegister(file).filter(isIssued)
  const found =
    issued.find(({ id }) => id === nameOrId) ??
    issued
      .filter(({ name }) => name === nameOrId)
      .sort((a, b) => Date.parse(b.from) - Date.parse(a.from))
      .at(0)
  if (found !== undefined) return found
  throw new NodeError('BAD_INPUT', `--renew ${nameOrId}: nothing of that name or id was issued, see "authority list"`)
}

function need<T>(option: string, value: T | undefined): T {
  if (value === undefined) throw new NodeError('BAD_INPUT', `issue: want ${option}`)
  return value
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

function checkName(option: string, name: string): void {
  if (NAME.test(name)) return
  throw new NodeError('BAD_INPUT', `${option} "${name}": want 1 to 64 letters, digits, "_", "." or "-"`)
}

/** Separate duties: who administers does not audit, and nobody is a machine too. */
function checkRoles(held: readonly Role[], person: boolean): void {
  const machine = held.filter(role => role === 'IED' || role === 'BACKEND')
  if (machine.length > 0 && (person || machine.length < held.length)) {
    throw new NodeError(
      'BAD_INPUT',
      `--role ${held.join(' ')}: ${machine.join(', ')} is for machines, and for these alone`,
    )
  }
  if (held.includes('SECADM') && held.includes('SECAUD')) {
    throw new NodeError('BAD_INPUT', '--role SECADM SECAUD: nobody holds both, want two people')
  }
}

function sealingKeyOf(text: string | undefined): string | undefined {
  if (text === undefined || /^[A-Za-z0-9_-]{43}$/.test(text)) return text
  throw new NodeError('BAD_INPUT', `--sealing-key ${text}: want an X25519 public key in base64url, 43 characters`)
}

function placeOf(text: string): [number, number] {
  const [latitude = Number.NaN, longitude = Number.NaN, ...more] = text.split(',').map(Number)
  if (Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180 && more.length === 0) return [latitude, longitude]
  throw new NodeError('BAD_INPUT', `--place ${text}: want latitude and longitude in degrees, such as 48.21,16.37`)
}

/** A credential for a key that does not exist would only be noticed in the field. */
async function checkedPeerId(text: string): Promise<string> {
  const { isPeerId } = await import('../../mesh/identity.ts')
  if (isPeerId(text)) return text
  throw new NodeError('BAD_INPUT', `--peer-id ${text}: want the peer id of an Ed25519 key, such as 12D3KooW…`)
}

const print = ({ organisation, publicKey }: { organisation: string; publicKey: string }): void =>
  void process.stdout.write(`organisation: ${organisation}\npublicKey: ${publicKey}\n`)

const line = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)
