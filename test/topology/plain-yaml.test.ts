// The fast reader against the full one: where it has an opinion at all, the two agree.

import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDocument, stringify } from 'yaml'
import { readPlainYaml } from '../../topology/plain-yaml.ts'

const plainly = (text: string): unknown => {
  const read = readPlainYaml(text, { offsets: false })
  return 'value' in read ? read.value : `gave up at line ${read.notPlainAt}`
}

function agree(text: string): boolean {
  const read = readPlainYaml(text, { offsets: false })
  if (!('value' in read)) return false
  const document = parseDocument(text, { prettyErrors: false })
  expect([...document.errors, ...document.warnings].map(({ message }) => message)).toEqual([])
  if (!isDeepStrictEqual(read.value, document.toJS())) expect(read.value).toEqual(document.toJS())
  return isDeepStrictEqual(read.value, document.toJS())
}

/** Bits of text that mean something, next to each other by chance. */
const bit = fc.constantFrom(
  ...[
    'a',
    'b',
    'key',
    'null',
    'true',
    'False',
    '~',
    '1',
    '-2',
    '+3',
    '0',
    '1.5',
    '.5',
    '1e3',
    '1e',
    '0x1F',
    '0o7',
    '.inf',
    '-.inf',
    '.nan',
  ],
  ...[
    '12345678901234567',
    '12kV',
    '632-671',
    'x.y',
    "it's",
    'a b',
    'a:b',
    'a#b',
    'a: b',
    'a #b',
    'é',
    '"q"',
    "'s'",
    "''",
    '""',
    '"a\\nb"',
    "'a''b'",
  ],
  ...[
    ': ',
    ':',
    ', ',
    ',',
    '[',
    ']',
    '{',
    '}',
    '- ',
    '-',
    '# c',
    '#',
    ' ',
    '  ',
    '\n',
    '\n  ',
    '\n    ',
    '\n- ',
    '\n  - ',
    '\nb: ',
    '\n  c: ',
    '\n    d: ',
  ],
  ...[
    '---\n',
    '...',
    '&x ',
    '*x',
    '!t ',
    '|',
    '>',
    '@',
    '`',
    '%',
    '? ',
    '\t',
    '\r\n',
    '\r',
    '\uFEFF',
    '\u0000',
    '\u00a0',
    '\u2028',
    '\\',
    '__proto__',
    'toString',
    '<<',
  ],
)
/** A value as people write them, so that the reader mostly has an opinion. */
const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom(
        '650',
        'n1',
        'switch-692',
        'a b, c',
        'true',
        '',
        '1e5',
        'x: y',
        '- z',
        '#',
        'Straße',
        'no',
        '0x1',
        '.5',
        "it's",
      ),
    ),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.constantFrom('name', 'kw', 'x1', 'toString', 'phases', 'null', 'constructor', '650'),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
}))

describe('readPlainYaml agrees with the full reader', () => {
  it('on any text on which it has an opinion', () => {
    let opinions = 0
    const text = fc.array(bit, { maxLength: 14 }).map(bits => bits.join(''))
    fc.assert(
      fc.property(text, drawn => {
        if (agree(drawn)) opinions++
      }),
      { numRuns: 20_000 },
    )
    expect(opinions).toBeGreaterThan(1000)
  })

  it('on values as the full writer writes them, in block and in flow', () => {
    let opinions = 0
    fc.assert(
      fc.property(
        value,
        fc.constantFrom('block', 'flow', 'any'),
        fc.constantFrom(0, 20, 80),
        (drawn, style, lineWidth) => {
          opinions += agree(stringify(drawn, { collectionStyle: style as 'any', lineWidth, minContentWidth: 5 }))
            ? 1
            : 0
        },
      ),
      { numRuns: 3000 },
    )
    expect(opinions).toBeGreaterThan(1500)
  })

  for (const name of readdirSync(new URL('../../topology/feeders/', import.meta.url)).filter(file =>
    file.endsWith('.yaml'),
  )) {
    it(`on the shipped ${name}, which is plain`, () => {
      expect(agree(readFileSync(new URL(`../../topology/feeders/${name}`, import.meta.url), 'utf8'))).toBe(true)
    })
  }
})

describe('readPlainYaml', () => {
  it('reads block and flow collections, text, numbers, comments', () => {
    const text = `---
a: 1 # one
b:
- x: -2.5e1
  y: [ p q, 'r', "650", { z: true } ]
-
- - 1
  - 2
c:
  [1,
   # between
   2]
d:
e: 4.16 kV, at:night#1
`
    expect(plainly(text)).toEqual({
      a: 1,
      b: [{ x: -25, y: ['p q', 'r', '650', { z: true }] }, null, [1, 2]],
      c: [1, 2],
      d: null,
      e: '4.16 kV, at:night#1',
    })
  })

  it('lets an alias stand for a flow collection, but for no other alias', () => {
    expect(plainly('a: &x [1, 2]\nb: [*x, *x]\nc: *x')).toEqual({
      a: [1, 2],
      b: [
        [1, 2],
        [1, 2],
      ],
      c: [1, 2],
    })
    expect(plainly('a: &x [1]\nb: &y [*x]')).toBe('gave up at line 2')
  })

  // biome-ignore format: a table
  for (const [what, text, line] of [
    ['an anchor on text', 'a: 1\nb: &x 2', 2], ['an alias of nothing', 'a: *x', 1], ['a tag', 'a: !x 1', 1], ['text over two lines', 'a: b\n  c', 2],
    ['a key given twice', 'a: 1\na: 2', 2], ['block text', 'a: |\n  b', 1], ['an escape', 'a: "\\n"', 1], ['a tab', 'a: 1\n\tb: 1', 2],
    ['a merge key', '<<: { a: 1 }', 1], ['two documents', 'a: 1\n---\nb: 1', 2], ['nesting deeper than any feeder', '['.repeat(1000), 1],
    ['nothing', '', 1], ['a key that means something to the engine', '__proto__: 1', 1], ['hexadecimal', 'a: 0x1f', 1],
  ] as const) {
    it(`leaves ${what} to the full reader, and says where`, () => {
      expect(plainly(text)).toBe(`gave up at line ${line}`)
    })
  }
})
