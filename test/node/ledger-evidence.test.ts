// Evidence of two histories on its way from a back end's store to whoever verifies it with the authority's key alone.

import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCollector } from '../../src/aggregation/collector.ts'
import { newAuthority } from '../../src/mesh/credential.ts'
import { type Identity, newIdentity, verifyPeer } from '../../src/mesh/identity.ts'
import { ledgerOutputs } from '../../src/node/cli/outputs-ledger.ts'
import { openLevelStore } from '../../src/node/level-store.ts'
import { utcMs } from '../../topology/units.ts'
import { commandLine } from '../system/cli-in-process.ts'
import { makeSite, type Site } from '../system/site.ts'
import { hashOf, toldAt, toldBy } from './two-histories.ts'

let site: Site
let config: string
let recloser: Identity
let exported: string
/** By whom, and for what name. */
const token = async (by: Site['authority'], name: string, { peerId }: Identity, roles: 'IED' | 'BACKEND' = 'IED') =>
  by.issue({ peerId, name, roles: [roles], feeders: ['small'] }, { from: utcMs(Date.now() - 86_400_000), days: 30 })

/** Of the same ledger another history, by this key. */
async function keepTwo(store: Parameters<typeof openCollector>[0]['store'], second = recloser) {
  const tokens = new Map([
    [hashOf(recloser), await token(site.authority, 'recloser', recloser)],
    [hashOf(second), await token(site.authority, 'recloser', second)],
  ])
  let signer = recloser
  const collector = openCollector({
    store,
    backEnd: 'backend',
    organisation: 'u',
    sign: recloser.sign,
    utc: toldAt,
    keyOf: () => (bytes, signature) => verifyPeer(signer.peerId, bytes, signature),
    credentialOf: (_, hash) => tokens.get(new TextDecoder().decode(hash)),
    mayCollect: () => true,
  })
  expect(await collector.accept(await toldBy(recloser, 1n))).toMatchObject({ kind: 'receipt' })
  signer = second
  expect(await collector.accept(await toldBy(second, 2n))).toMatchObject({ reason: 'fork' })
}

beforeAll(async () => {
  site = await makeSite()
  recloser = await newIdentity()
  config = await site.agent('backend', { role: 'BACKEND' })
  const level = await openLevelStore(site.path('backend-data', 'store'))
  await keepTwo(level)
  await level.close()
  exported = (await commandLine(['ledger', 'export', '--evidence', '--config', config])).stdout
}, 60_000)
afterAll(() => site?.remove())

async function verify(text: string, ...args: string[]) {
  const file = site.path(`evidence-${Math.random().toString(36).slice(2)}.jsonl`)
  writeFileSync(file, text)
  return commandLine(['ledger', 'verify', '--evidence', file, ...args])
}
const byAuthority = () => ['--authority', site.authority.publicKey, '--organisation', 'u']

describe('evidence of two histories', { timeout: 60_000 }, () => {
  it('is proof to whoever trusts the authority, or the key of the IED, and nobody else', async () => {
    for (const trusted of [byAuthority(), ['--peer-id', recloser.peerId]]) {
      const { code, stdout, stderr } = await verify(exported, ...trusted)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(
        new RegExp(
          `^PROOF {2}recloser [0-9a-f]{32}: its key \\(${recloser.peerId}\\) has signed two histories; they differ in record 3\n`,
        ),
      )
      expect(stdout).toMatch(
        / {2}first, signed up to 5 at .*: record 3 is of billing, .*, \d+ bytes of content\n {2}second, signed/,
      )
    }
    const { stdout } = await verify(exported, ...byAuthority(), '--json')
    const answer = ledgerOutputs['ledger-evidence'].parse(JSON.parse(stdout))
    expect(answer).toMatchObject({ proven: true, evidence: [{ number: 3, isFirstDifference: true, faults: [] }] })
  })

  const lines = () => exported.trimEnd().split('\n')
  const edited = (change: (rows: Record<string, unknown>[]) => unknown) => () => {
    const rows = lines().map(line => JSON.parse(line))
    change(rows)
    return rows.map(row => JSON.stringify(row)).join('\n')
  }
  const heads = (rows: Record<string, unknown>[]) => rows.filter(row => row.feedermesh === 'ledger 1')
  const forgeries: readonly (readonly [string, () => string, RegExp])[] = [
    [
      'a changed chain hash',
      edited(rows => Object.assign(heads(rows)[1] as object, { chainHash: 'A'.repeat(43) })),
      /second history: its head is not signed/,
    ],
    [
      'a changed time',
      edited(rows => Object.assign(heads(rows)[0] as object, { signedUtcMs: toldAt().utcMs - 3_600_000 })),
      /first history: its head is not signed/,
    ],
    [
      'a changed content',
      edited(rows => Object.assign(rows.at(-2) as object, { content: 'AAAA' })),
      /second history: record \d: its content is not what it commits to/,
    ],
    ['one history twice', edited(rows => rows.splice(5, 4, ...rows.slice(1, 5))), /both histories say the same/],
    [
      'another IED named',
      edited(rows => Object.assign(rows[0] as object, { ied: 'meter' })),
      /first history: its head is of recloser, want meter|it is of recloser \(IED\), want the IED meter/,
    ],
    ['one history alone', edited(rows => rows.splice(5)), /want two histories, this has one/],
    [
      'no credential',
      edited(rows => heads(rows).forEach(row => void delete row.credential)),
      /credential: none is in it; want --peer-id/,
    ],
  ]
  for (const [what, text, fault] of forgeries) {
    it(`convicts nobody with ${what}`, async () => {
      const { code, stdout, stderr } = await verify(text(), ...byAuthority())
      expect({ code, stderr }).toEqual({ code: 2, stderr: '' })
      expect(stdout).toMatch(/^no proof {2}/)
      expect(stdout).toMatch(fault)
    })
  }

  it('convicts nobody by an authority that is not the IED owner’s, by another name or role, or by two keys', async () => {
    const stranger = await newAuthority('u')
    const other = ['--authority', stranger.publicKey, '--organisation', 'u']
    expect((await verify(exported, ...other)).stdout).toMatch(
      /^no proof.*credential: signature is not by the trusted authority/s,
    )
    for (const [by, name, roles, says] of [
      [stranger, 'recloser', 'IED', /credential: signature is not by the trusted authority/],
      [site.authority, 'meter', 'IED', /credential: it is of meter \(IED\), want the IED recloser/],
      [site.authority, 'recloser', 'BACKEND', /credential: /],
    ] as const) {
      const given = await token(by, name, recloser, roles)
      const text = edited(rows => heads(rows).forEach(row => void Object.assign(row, { credential: given })))()
      expect((await verify(text, ...byAuthority())).stdout).toMatch(says)
    }
    const impostor = await newIdentity()
    const dir = site.path('two-keys')
    const second = await site.agent('backend', { role: 'BACKEND', dataDir: dir })
    const level = await openLevelStore(`${dir}/store`)
    await keepTwo(level, impostor)
    await level.close()
    const { stdout } = await commandLine(['ledger', 'export', '--evidence', '--config', second])
    const verdict = await verify(stdout, ...byAuthority())
    expect(verdict).toMatchObject({ code: 2, stdout: expect.stringMatching(/^no proof.*signed by two keys/s) })
  })

  it('is told from what is none, in one line', async () => {
    const rows = [
      { text: '', says: /:1: no evidence in it/ },
      { text: lines().slice(1).join('\n'), says: /:1: is no evidence of two histories/ },
      { text: [...lines(), lines()[1]].join('\n'), says: /:10: is a third history/ },
      { text: [lines()[0], lines()[2]].join('\n'), says: /:2: is a record of no history/ },
      { text: exported.replaceAll('"signature"', '"mark"'), says: /:2: is not of a ledger's export/ },
      { text: exported.replaceAll(/,"signature":"[^"]*"/g, ''), says: /a history without a signature proves nothing/ },
    ]
    for (const { text, says } of rows) {
      const { code, stdout, stderr } = await verify(text, ...byAuthority())
      expect({ code, stdout, lines: stderr.split('\n').length }, stderr).toEqual({ code: 2, stdout: '', lines: 2 })
      expect(stderr).toMatch(says)
    }
    expect((await verify(exported)).stderr).toMatch(
      /want --authority KEY --organisation NAME of the IED's owner, or --peer-id/,
    )
    expect((await commandLine(['ledger', 'verify', '--evidence'])).stderr).toMatch(
      /want the file that "ledger export --evidence"/,
    )
  })
})
