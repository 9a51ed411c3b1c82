// Which right each order needs, and which roles have it.

import type { Role } from '../mesh/credential.ts'
import type { Verb } from '../protection/command.ts'

/** Those of IEC 62351-8 that orders need. */
type Right = 'CONTROL' | 'SETTINGGROUP' | 'CONFIG'

const RIGHTS: Partial<Record<Role, readonly Right[]>> = {
  OPERATOR: ['CONTROL'],
  ENGINEER: ['SETTINGGROUP', 'CONFIG'],
}

const NEEDS: Readonly<Record<Verb, Right>> = {
  open: 'CONTROL',
  close: 'CONTROL',
  connect: 'CONTROL',
  disconnect: 'CONTROL',
  'de-energise': 'CONTROL',
  inhibit: 'CONTROL',
  'reset-origin': 'CONTROL',
  'send-data': 'CONTROL',
  set: 'SETTINGGROUP',
  'reset-billing': 'CONFIG',
}

export const rightOf = (verb: Verb): Right => NEEDS[verb]

export const mayOrder = (roles: readonly Role[], verb: Verb): boolean =>
  roles.some(role => RIGHTS[role]?.includes(NEEDS[verb]) === true)

export const isMachine = (roles: readonly Role[]): boolean => roles.includes('IED') || roles.includes('BACKEND')
