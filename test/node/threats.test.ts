// The threat table of docs/security.md: each attacker and each attempt has a row, and each row has tests that exist.

import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const ATTACKERS = [
  'Outsider on the LAN',
  'Admitted but malicious IED',
  'Stolen IED',
  'Malicious aggregator',
  'Malicious back-end peer',
  'Revoked person',
]
const ATTEMPTS = [
  'listen',
  'inject',
  'replay',
  'forge a place in the feeder',
  'flood',
  'partition',
  'tamper with readings',
  'false all-clear',
  'false answer',
  'false transfer trip',
  'a second credential for one name',
]

const section =
  readFileSync('docs/security.md', 'utf8')
    .split(/^## /m)
    .find(part => part.startsWith('Threats\n')) ?? ''
const tables = new Map(
  section
    .split(/^### /m)
    .slice(1)
    .map(part => [part.split('\n', 1)[0] ?? '', rowsOf(part)] as const),
)

function rowsOf(part: string) {
  const lines = part.split('\n').filter(line => line.startsWith('| '))
  return lines.slice(2).map(line => {
    const [attempt = '', stops = '', remains = '', shown = ''] = line.slice(2, -2).split(' | ')
    const tests = shown.split('<br>').map(each => /^`(test\/[^`]+)`: (.+)$/.exec(each.trim()))
    return { attempt, stops, remains, tests }
  })
}

describe('the threat table', () => {
  it('has each attacker', () => expect([...tables.keys()]).toEqual(ATTACKERS))
  it.each(ATTACKERS)('has each attempt of: %s', attacker =>
    expect(tables.get(attacker)?.map(({ attempt }) => attempt)).toEqual(ATTEMPTS),
  )
})

describe.each([...tables])('%s', (_, rows) => {
  it.each(rows.map(row => [row.attempt, row] as const))(
    '%s: says what stops it, and tests show it',
    (_attempt, row) => {
      expect(row.stops.length).toBeGreaterThan(5)
      expect(row.remains).not.toBe('')
      expect(row.tests.length).toBeGreaterThan(0)
      for (const found of row.tests) {
        expect(found, `${row.attempt}: want \`test/FILE\`: TITLE`).not.toBeNull()
        const [, file = '', title = ''] = found ?? []
        expect(existsSync(file), file).toBe(true)
        expect(
          titlesOf(file).some(each => each.includes(title)),
          `${file}: ${title}`,
        ).toBe(true)
      }
    },
  )
})

/** What stands as a title in a test file: of `it`, of `describe`, or in a table of cases under `it:`. None that is skipped. */
function titlesOf(file: string): string[] {
  const source = readFileSync(file, 'utf8')
  const titles = source.matchAll(/\b(?:it|describe)(?:\.each\([^\n]*\))?(?:\(|: )\s*(['"`])((?:(?!\1)[^\\\n]|\\.)*)\1/g)
  return [...titles].map(([, , title = '']) => title)
}
