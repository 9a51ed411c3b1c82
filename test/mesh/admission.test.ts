import { describe, expect, it } from 'vitest'
import { type AdmissionPolicy, decodeAdmission, encodeAdmission, refusalOf } from '../../src/mesh/admission.ts'
import type { Credential } from '../../src/mesh/credential.ts'
import { toCbor } from '../../topology/cbor.ts'

const policy: AdmissionPolicy = {
  peerId: 'me',
  feeder: 'ieee13',
  ownerOf: ied => ({ 'recloser-632': 'utility', 'meter-675': 'customer' })[ied],
}
const shown: Credential = {
  peerId: 'you',
  organisation: 'utility',
  name: 'recloser-632',
  roles: ['IED'],
  feeders: ['ieee34', 'ieee13'],
  notBefore: 0,
  expires: 1,
  token: '',
  hash: new Uint8Array(16),
}

const cases: {
  it: string
  credential?: Partial<Credential>
  from?: string
  policy?: Partial<AdmissionPolicy>
  is: string | undefined
}[] = [
  { it: 'admits an IED of its own feeder, from the organisation that has it', is: undefined },
  { it: 'refuses a credential that another key shows', from: 'thief', is: 'credential belongs to another key' },
  {
    it: 'refuses its own key at another peer',
    credential: { peerId: 'me' },
    from: 'me',
    is: 'this is our own key, running twice',
  },
  {
    it: 'refuses a credential for other feeders',
    credential: { feeders: ['ieee34'] },
    is: 'credential is not for feeder ieee13',
  },
  {
    it: 'admits any feeder at a peer that has none',
    credential: { feeders: ['ieee34'] },
    policy: { feeder: undefined },
    is: undefined,
  },
  {
    it: 'refuses an IED that its feeder file does not name',
    credential: { name: 'recloser-9' },
    is: 'the feeder file names no IED "recloser-9"',
  },
  {
    it: 'refuses an IED of another organisation than the feeder file says',
    credential: { name: 'meter-675' },
    is: 'IED meter-675 belongs to customer, not utility',
  },
  {
    it: 'admits any IED at a tool without a feeder file',
    credential: { name: 'x' },
    policy: { ownerOf: undefined },
    is: undefined,
  },
  {
    it: 'admits a back end under a name of its own',
    credential: { roles: ['BACKEND'], name: 'control-room' },
    is: undefined,
  },
  {
    it: 'refuses a back end or person under the name of an IED',
    credential: { roles: ['BACKEND', 'VIEWER'] },
    is: '"recloser-632" is an IED\'s name',
  },
  {
    it: 'asks an IED that is a back end too for its IED name',
    credential: { roles: ['BACKEND', 'IED'], name: 'control-room' },
    is: 'the feeder file names no IED "control-room"',
  },
]

describe('admission', () => {
  for (const c of cases) {
    it(c.it, () => {
      const credential = { ...shown, ...c.credential }
      expect(refusalOf(credential, c.from ?? credential.peerId, { ...policy, ...c.policy })).toBe(c.is)
    })
  }
})

describe('an admission message', () => {
  const messages = [
    { credential: 'token' },
    { credential: 'x'.repeat(8192) },
    { admitted: true as const },
    { refused: 'why' },
  ]
  for (const message of messages) {
    it(`comes back as it went: ${Object.keys(message)[0]}`, () => {
      expect(decodeAdmission(encodeAdmission(message))).toEqual(message)
    })
  }
  const others = [
    {},
    { admitted: false },
    { admitted: true, refused: 'why' },
    { credential: 'x'.repeat(8193) },
    { refused: 'x'.repeat(513) },
    { credential: 7 },
    [],
    null,
  ]
  for (const other of others) {
    it(`is none: ${JSON.stringify(other).slice(0, 40)}`, () => expect(() => decodeAdmission(toCbor(other))).toThrow())
  }
})
