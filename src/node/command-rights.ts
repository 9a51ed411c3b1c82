// Which right each order needs, and which roles have it.

import type { Role } from '../mesh/credential.ts'
import { mayUse, type Right } from '../mesh/rights.ts'
import type { Verb } from '../protection/command.ts'

const NEEDS: Readonly<Record<Verb, Right>> = {
  open: 'CONTROL',
  close: 'CONTROL',
  connect: 'CONTROL',
  disconnect: 'CONTROL',
  'de-energise': 'CONTROL',
  inhibit: 'CONTROL',
  'reset-origin': 'CONTROL',
  'send-data': 'CONTROL',
  record: 'CONTROL',
  acknowledge: 'CONTROL',
  reset: 'CONTROL',
  release: 'CONTROL',
  price: 'SETTINGGROUP',
  tag: 'CONTROL',
  untag: 'CONTROL',
  'return-to-normal': 'CONTROL',
  'site-test': 'CONTROL',
  'join-site-test': 'CONTROL',
  'end-site-test': 'CONTROL',
  note: 'CONTROL',
  'edit-reading': 'CONFIG',
  set: 'SETTINGGROUP',
  'reset-billing': 'CONFIG',
  'accept-device': 'CONFIG',
}

export const rightOf = (verb: Verb): Right => NEEDS[verb]

export const mayOrder = (roles: readonly Role[], verb: Verb): boolean => mayUse(roles, NEEDS[verb])

export const isMachine = (roles: readonly Role[]): boolean => roles.includes('IED') || roles.includes('BACKEND')
