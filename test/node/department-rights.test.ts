import { expect, it } from 'vitest'
import type { Credential } from '../../src/mesh/credential.ts'
import type { Links } from '../../src/mesh/links.ts'
import { departmentRights } from '../../src/node/department-rights.ts'
import { serveReadouts } from '../../src/node/readout.ts'
import { toCbor } from '../../topology/cbor.ts'

const person = (department?: string) => ({ name: 'ada', organisation: 'customer', department }) as Credential
const rights = departmentRights(
  {
    policy: () => [
      { organisation: 'customer', department: 'accounting', classes: ['billing'] },
      { organisation: 'utility', department: 'accounting', classes: ['powerQuality'] },
      { organisation: 'customer', department: 'network', classes: ['powerQuality'], toUtcMs: 1000 },
    ],
  },
  { departments: { operations: ['reliability'] } },
  () => 1000,
)

it('people of a department read out what it is granted here and now, the others all', () => {
  expect(rights.refusal(person(), 'power-quality')).toBeUndefined()
  expect(rights.refusal(person('accounting'), 'readings')).toBeUndefined()
  expect(rights.refusal(person('accounting'), 'bill')).toBeUndefined()
  expect(rights.refusal(person('accounting'), 'power-quality')).toMatch(
    /reads billing here: not "power-quality", of class powerQuality$/,
  )
  expect(rights.refusal(person('accounting'), 'loads')).toMatch(/not "loads", which is of no one class/)
  expect(rights.refusal(person('network'), 'power-quality')).toMatch(/reads nothing here/)
  expect(rights.refusal(person('constructor'), 'readings')).toMatch(/reads nothing here/)
  expect([...(rights.classes(person('operations')) ?? [])]).toEqual(['reliability'])
  expect(rights.refusal(person('operations'), 'reliability')).toBeUndefined()
  expect(rights.refusal(person('accounting'), 'reliability')).toMatch(/not "reliability", of class reliability$/)
})

it('rows of other classes come without their content, and with their headers', async () => {
  const rows = [
    { number: 1, class: 'billing', bytes: 3, content: 'a' },
    { number: 2, class: 'powerQuality', bytes: 3, content: 'b' },
  ]
  async function* all() {
    for (const row of rows) yield { row, cursor: String(row.number) }
  }
  const read = async (what: string, department?: string) => {
    const found: unknown[] = []
    const signal = new AbortController().signal
    for await (const each of rights.cut(what, all)({}, signal, person(department))) {
      if (typeof each !== 'symbol') found.push(each.row)
    }
    return found
  }
  expect(await read('history')).toEqual(rows)
  expect(await read('history', 'accounting')).toEqual([rows[0], { ...rows[1], bytes: null, content: null }])
  expect(await read('ledger-records', 'accounting')).toEqual([rows[0], { number: 2, class: 'powerQuality', bytes: 3 }])
})

it('a listing that goes on shows no more of a class once it is not granted any more', async () => {
  let granted: { organisation: string; department: string; classes: ['billing'] }[] = [
    { organisation: 'customer', department: 'accounting', classes: ['billing'] },
  ]
  const changing = departmentRights({ policy: () => granted }, { departments: {} }, () => 1000)
  async function* following() {
    for (const number of [1, 2])
      yield { row: { number, class: 'billing', bytes: 3, content: 'a' }, cursor: String(number) }
  }
  const found: unknown[] = []
  for await (const each of changing.cut('history', following)({}, new AbortController().signal, person('accounting'))) {
    if (typeof each !== 'symbol') found.push(each.row.content)
    granted = []
  }
  expect(found).toEqual(['a', null])
})

it('a stream ends with the right to read it', async () => {
  let refused: string | undefined
  let stream: Parameters<Links['serveStream']>[1] | undefined
  const links = {
    serve: () => {},
    serveStream: (_: string, handler: typeof stream) => {
      stream = handler
    },
  } as unknown as Links
  const used: (string | undefined)[] = []
  const readouts = serveReadouts(
    links,
    'customer',
    (_, __, why) => void used.push(why),
    () => refused,
  )
  readouts.list('phasors', async function* () {
    for (;;) yield { row: { text: 'x'.repeat(9000) }, cursor: '1' }
  })
  const reader = { ...person(), roles: ['VIEWER'] } as unknown as Credential
  const items = stream?.(reader, toCbor({ what: 'phasors', parameters: {} }), new AbortController().signal)
  const rows = (items as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  expect((await rows.next()).done).toBe(false)
  refused = 'not any more'
  await expect(rows.next()).rejects.toThrow('not any more')
  expect(used).toEqual([undefined, 'not any more'])
})
