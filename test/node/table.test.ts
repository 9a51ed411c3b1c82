import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { csv, table } from '../../src/node/cli/table.ts'

describe('a table', () => {
  it('aligns numbers on the right and text on the left, without blanks at the end', () => {
    const rows = [
      { ied: 'relay-650', kw: 3577, phase: 'a' },
      { ied: 'meter-6', kw: 8.5, phase: 'abc' },
    ]
    expect(table(rows)).toBe(
      ['ied          kw  phase', '─────────  ────  ─────', 'relay-650  3577  a', 'meter-6     8.5  abc', ''].join('\n'),
    )
  })

  it('leaves a missing value empty and still takes the column for numbers', () => {
    expect(table([{ a: 'x', n: 10 }, { a: 'y' }, { a: 'z', n: 5 }])).toBe('a   n\n─  ──\nx  10\ny\nz   5\n')
  })

  it('has a column for each key of any row, in the order in which they come', () => {
    expect(table([{ a: 1 }, { b: 'x', a: 2 }]).split('\n')[0]).toBe('a  b')
  })

  it('shows lists with blanks between, and objects as JSON', () => {
    expect(table([{ list: ['a', 'b'], object: { c: 1 } }])).toContain('a b   {"c":1}')
  })

  it('takes control characters out of what peers have written', () => {
    const row = { '\u001b[1mname': 'a\u001b[2J\nb\u009bc\u202ed', list: ['\u0007'] }
    expect(table([row])).toBe([' [1mname     list', '───────────  ────', 'a [2J b c d', ''].join('\n'))
    expect(csv([row])).toBe(' [1mname,list\r\n"a [2J\nb c d", \r\n')
  })

  it('says so when there is nothing', () => expect(table([])).toBe('(none)\n'))
})

/** RFC 4180, read as its grammar says. */
function parseCsv(text: string): string[][] {
  const records: string[][] = [[]]
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/y
  while (field.lastIndex < text.length) {
    const [, value = '', end] = field.exec(text) ?? []
    if (end === undefined) throw new Error('not RFC 4180')
    records.at(-1)?.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value)
    if (end === '\r\n' && field.lastIndex < text.length) records.push([])
  }
  return records
}

describe('CSV', () => {
  // RFC 4180 section 2: records end with CRLF (1, 2), header first (3), quotes around commas, quotes and line breaks (6),
  // a quote inside doubled (7).
  const cases = [
    { it: 'writes plain values without quotes', rows: [{ a: 'x', b: 1 }], gives: 'a,b\r\nx,1\r\n' },
    { it: 'quotes a comma', rows: [{ a: 'x,y' }], gives: 'a\r\n"x,y"\r\n' },
    { it: 'quotes a quote and doubles it', rows: [{ a: 'x"y' }], gives: 'a\r\n"x""y"\r\n' },
    { it: 'quotes line breaks of any kind', rows: [{ a: 'x\ny', b: 'x\ry' }], gives: 'a,b\r\n"x\ny","x\ry"\r\n' },
    { it: 'quotes JSON', rows: [{ a: { b: 'c' } }], gives: 'a\r\n"{""b"":""c""}"\r\n' },
    { it: 'leaves empty what is missing', rows: [{ a: 1 }, { b: null }], gives: 'a,b\r\n1,\r\n,\r\n' },
  ]
  for (const { it: does, rows, gives } of cases) it(does, () => expect(csv(rows)).toBe(gives))

  it('comes back as it went, whatever the text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ',', '"', '\r', '\n', ' ', 'é') })
    const grid = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))
      .chain(([width, height]) =>
        fc.array(fc.array(text, { minLength: width, maxLength: width }), { minLength: height, maxLength: height }),
      )
    fc.assert(
      fc.property(grid, values => {
        const rows = values.map(line => Object.fromEntries(line.map((value, index) => [`c${index}`, value])))
        expect(parseCsv(csv(rows)).slice(1)).toEqual(values)
      }),
    )
  })
})
