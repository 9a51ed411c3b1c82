import { describe, expect, it } from 'vitest'
import { roles } from '../../src/mesh/credential.ts'
import { mayUse, type Right, rights, rolesWith } from '../../src/mesh/rights.ts'

// ABB RED650 technical manual, table 565: who reads, controls, configures, changes settings, and administers.
const table: [Right, string][] = [
  ['VIEW', 'VIEWER OPERATOR ENGINEER INSTALLER SECADM SECAUD RBACMNT'],
  ['READ', 'VIEWER OPERATOR ENGINEER INSTALLER SECADM SECAUD'],
  ['CONTROL', 'OPERATOR ENGINEER'],
  ['CONFIG', 'ENGINEER INSTALLER'],
  ['SETTINGGROUP', 'ENGINEER INSTALLER'],
  ['FILEREAD', 'ENGINEER SECADM SECAUD'],
  ['SECURITY', 'SECADM RBACMNT'],
]

describe('a right', () => {
  for (const [right, held] of table) {
    it(`${right} is that of ${held}`, () => {
      expect(rolesWith(right).sort()).toEqual(held.split(' ').sort())
      for (const role of roles) expect(mayUse([role], right)).toBe(held.split(' ').includes(role))
    })
  }
  it('is that of who holds several roles when one of them has it', () => {
    expect(mayUse(['VIEWER', 'OPERATOR'], 'CONTROL')).toBe(true)
    expect(mayUse(['VIEWER', 'SECAUD'], 'CONTROL')).toBe(false)
    expect(mayUse([], 'VIEW')).toBe(false)
  })
  it('is never a machine’s', () => {
    for (const right of rights) expect(mayUse(['IED', 'BACKEND'], right)).toBe(false)
  })
})
