// What a role may do: the rights of IEC 62351-8, and which role has which.
//
// Names of roles and rights are those of IEC 62351-8 (first edition; the second one leaves the assignment to mappings such
// as IEC TR 61850-90-19). The assignment follows what a maker publishes of it in words: ABB, RED650 technical manual,
// table 565. Where that is silent a role has less rather than more; whoever needs two sets of rights gets two roles.
// Machines (IED, BACKEND) have none of these: what they may say and ask is in the authority table and with each protocol.

import type { Role } from './credential.ts'

export const rights = [
  'VIEW', // what there is: peers, names, states
  'READ', // values: readings, ledgers, alarms
  'DATASET', // make and delete data sets
  'REPORTING', // follow reports as they come
  'FILEREAD', // disturbance records, logs
  'FILEWRITE', // load configurations
  'FILEMNGT', // delete and move files
  'CONTROL', // open, close, connect, disconnect
  'CONFIG', // change the configuration
  'SETTINGGROUP', // change settings and tariffs
  'SECURITY', // roles, certificates, security settings
] as const
export type Right = (typeof rights)[number]

const table: Readonly<Record<Role, readonly Right[]>> = {
  VIEWER: ['VIEW', 'READ', 'REPORTING'],
  OPERATOR: ['VIEW', 'READ', 'REPORTING', 'CONTROL'],
  ENGINEER: [
    'VIEW',
    'READ',
    'DATASET',
    'REPORTING',
    'FILEREAD',
    'FILEWRITE',
    'FILEMNGT',
    'CONTROL',
    'CONFIG',
    'SETTINGGROUP',
  ],
  INSTALLER: ['VIEW', 'READ', 'REPORTING', 'FILEWRITE', 'CONFIG', 'SETTINGGROUP'],
  SECADM: ['VIEW', 'READ', 'FILEREAD', 'SECURITY'],
  SECAUD: ['VIEW', 'READ', 'REPORTING', 'FILEREAD'],
  RBACMNT: ['VIEW', 'SECURITY'],
  IED: [],
  BACKEND: [],
}

/** Whether one of these roles has the right. */
export const mayUse = (roles: readonly Role[], right: Right): boolean => roles.some(role => table[role].includes(right))

/** The roles that have it, for saying what would be right. */
export const rolesWith = (right: Right): Role[] =>
  (Object.keys(table) as Role[]).filter(role => table[role].includes(right))
