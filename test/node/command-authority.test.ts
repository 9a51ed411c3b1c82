// Who may order what: one row for each rule, and the row beside it that it refuses.

import { describe, expect, it } from 'vitest'
import type { Role } from '../../src/mesh/credential.ts'
import { type OrderPolicy, orderRefusal } from '../../src/node/command-authority.ts'
import { mayOrder } from '../../src/node/command-rights.ts'
import { type Verb, verbs } from '../../src/protection/command.ts'

const who = (name: string, organisation: string, ...roles: Role[]) => ({
  peerId: `key of ${name}`,
  name,
  organisation,
  roles,
})
const ada = who('ada', 'u', 'OPERATOR')
const bob = who('bob', 'u', 'OPERATOR')
const ines = who('ines', 'u', 'ENGINEER')
const ivan = who('ivan', 'u', 'INSTALLER')
const viewer = who('vera', 'u', 'VIEWER')
const carl = who('carl', 'c', 'OPERATOR')
const dora = who('dora', 'c', 'OPERATOR')
const backEnd = who('u-backend', 'u', 'BACKEND')
const master = who('relay', 'u', 'IED')

const plain: OrderPolicy = { organisation: 'u', from: [], twoPerson: [] }
const policy = (changes: Partial<OrderPolicy>): OrderPolicy => ({ ...plain, ...changes })
const named = policy({
  from: [
    { organisation: 'c', names: ['carl'], verbs: ['open'] },
    { organisation: 'u', names: ['u-backend'], verbs: ['open', 'set'] },
    { organisation: 'x', verbs: ['open'] },
  ],
})
const two = policy({ twoPerson: ['close'] })

const cases: { it: string; verb: Verb; by: (typeof ada)[]; policy: OrderPolicy; gives: string | undefined }[] = [
  { it: 'an operator of the same organisation opens', verb: 'open', by: [ada], policy: plain, gives: undefined },
  { it: 'a viewer does not', verb: 'open', by: [viewer], policy: plain, gives: 'not-authorised' },
  { it: 'an operator sets nothing', verb: 'set', by: [ada], policy: plain, gives: 'not-authorised' },
  { it: 'an engineer does', verb: 'set', by: [ines], policy: plain, gives: undefined },
  { it: 'an engineer opens too', verb: 'open', by: [ines], policy: plain, gives: undefined },
  { it: 'an installer does not', verb: 'open', by: [ivan], policy: plain, gives: 'not-authorised' },
  { it: 'but sets', verb: 'set', by: [ivan], policy: plain, gives: undefined },
  {
    it: "another organisation's operator does not open",
    verb: 'open',
    by: [carl],
    policy: plain,
    gives: 'not-authorised',
  },
  { it: 'unless named', verb: 'open', by: [carl], policy: named, gives: undefined },
  { it: 'and for that verb only', verb: 'close', by: [carl], policy: named, gives: 'not-authorised' },
  { it: 'and by that name only', verb: 'open', by: [dora], policy: named, gives: 'not-authorised' },
  {
    it: 'anybody with the role, where no names are given',
    verb: 'open',
    by: [who('xena', 'x', 'OPERATOR')],
    policy: named,
    gives: undefined,
  },
  {
    it: 'but nobody without it',
    verb: 'open',
    by: [who('xaver', 'x', 'VIEWER')],
    policy: named,
    gives: 'not-authorised',
  },
  {
    it: 'no machine of that organisation without its name',
    verb: 'open',
    by: [who('xb', 'x', 'BACKEND')],
    policy: named,
    gives: 'not-authorised',
  },
  { it: 'a back end that is named orders', verb: 'set', by: [backEnd], policy: named, gives: undefined },
  { it: 'one that is not does not', verb: 'set', by: [backEnd], policy: plain, gives: 'not-authorised' },
  {
    it: 'nor an IED, though of the same organisation',
    verb: 'open',
    by: [master],
    policy: named,
    gives: 'not-authorised',
  },
  {
    it: 'one who is a machine too is a machine',
    verb: 'open',
    by: [who('both', 'u', 'IED', 'OPERATOR')],
    policy: plain,
    gives: 'not-authorised',
  },
  { it: 'one signature is not two', verb: 'close', by: [ada], policy: two, gives: 'two-person' },
  { it: 'two people are', verb: 'close', by: [ada, bob], policy: two, gives: undefined },
  {
    it: 'one person with two keys is one',
    verb: 'close',
    by: [ada, { ...ada, peerId: 'other' }],
    policy: two,
    gives: 'two-person',
  },
  {
    it: 'two names on one key are one',
    verb: 'close',
    by: [ada, { ...bob, peerId: ada.peerId }],
    policy: two,
    gives: 'two-person',
  },
  {
    it: 'the second one needs the right as well',
    verb: 'close',
    by: [ada, viewer],
    policy: two,
    gives: 'not-authorised',
  },
  {
    it: 'a machine is no second person',
    verb: 'close',
    by: [ada, backEnd],
    policy: policy({ twoPerson: ['close'], from: [{ organisation: 'u', names: ['u-backend'], verbs: ['close'] }] }),
    gives: 'two-person',
  },
  {
    it: 'what closes under another name needs two people too',
    verb: 'return-to-normal',
    by: [ada],
    policy: two,
    gives: 'two-person',
  },
  { it: 'and two may order it', verb: 'return-to-normal', by: [ada, bob], policy: two, gives: undefined },
  {
    it: 'so does what opens under another name',
    verb: 'return-to-normal',
    by: [ada],
    policy: policy({ twoPerson: ['open'] }),
    gives: 'two-person',
  },
  {
    it: 'and what ends a disconnection, where connecting does',
    verb: 'release',
    by: [ada],
    policy: policy({ twoPerson: ['connect'] }),
    gives: 'two-person',
  },
  {
    it: 'but not where disconnecting alone does',
    verb: 'release',
    by: [ada],
    policy: policy({ twoPerson: ['disconnect'] }),
    gives: undefined,
  },
  { it: 'two people may sign what one could', verb: 'open', by: [ada, bob], policy: two, gives: undefined },
]

describe('who may order', () => {
  it.each(cases)('$it', ({ verb, by, policy: given, gives }) =>
    expect(orderRefusal(verb, by, given)?.reason).toBe(gives),
  )

  it('has a role for each verb, and none for who only looks', () => {
    for (const verb of verbs) {
      expect(mayOrder(['OPERATOR', 'ENGINEER'], verb)).toBe(true)
      expect(mayOrder(['VIEWER', 'SECAUD', 'SECADM', 'IED', 'BACKEND'], verb)).toBe(false)
    }
  })
})
