// Broken and hostile recordings: one clear line each, and no more memory than the limits allow.

import { mkdtempSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ComtradeError, parseComtrade, readComtrade } from '../../../src/hal/comtrade/index.ts'

interface Said {
  readonly first?: string
  readonly counts?: string
  readonly analog?: readonly string[]
  readonly digital?: readonly string[]
  readonly lineHz?: string
  readonly rates?: readonly string[]
  readonly start?: string
  readonly format?: string
  readonly rest?: readonly string[]
}

/** One voltage and one digital channel, 1000 samples a second. */
const cfg = ({
  first = 'station,device,1999',
  counts = '2,1A,1D',
  analog = ['1,Va,A,,V,0.5,10,0,-32767,32767,1,1,P'],
  digital = ['1,trip,,,0'],
  lineHz = '50',
  rates = ['1', '1000,4'],
  start = '01/02/2020,03:04:05.000006',
  format = 'ASCII',
  rest = ['1'],
}: Said = {}): string =>
  [
    first,
    counts,
    ...analog,
    ...digital,
    lineHz,
    ...rates,
    start,
    '01/02/2020,03:04:05.001006',
    format,
    ...rest,
    '',
  ].join('\r\n')
const DAT = '1,0,10,0\r\n2,1000,20,0\r\n3,2000,-30,1\r\n4,3000,40,1\r\n'

const part = (file: string, content: string | Uint8Array) => ({
  file,
  bytes: typeof content === 'string' ? Buffer.from(content, 'latin1') : content,
  firstLine: 1,
})
const read = (header: string, data: string | Uint8Array = DAT) =>
  parseComtrade({ header: part('r.cfg', header), data: part('r.dat', data) })

/** @returns `CODE message` */
function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(ComtradeError)
    const { code, message } = error as ComtradeError
    expect(message).not.toContain('\n')
    return `${code.replace('COMTRADE_', '')} ${message}`
  }
  return expect.unreachable()
}

describe('a recording', () => {
  it('is read', () => {
    const { analog, digital, times, triggerSeconds, evenHz, notes } = read(cfg())
    expect([...(analog[0] ?? [])]).toEqual([15, 20, -5, 30])
    expect([...(digital[0] ?? [])]).toEqual([0, 0, 1, 1])
    expect([...times]).toEqual([0, 0.001, 0.002, 0.003])
    expect([triggerSeconds, evenHz, notes]).toEqual([0.001, 1000, []])
  })
  it('is read as of 1991: no year, ten fields a channel, month first, time stamps in microseconds', () => {
    const { header, analog, times } = read(
      cfg({
        first: 'station,7',
        analog: ['1,Va,A,,V,0.5,10,0,-32767,32767'],
        digital: ['1,trip,0'],
        rates: ['0', '0,4'],
        start: '12/31/90,23:59:59.9',
        rest: [],
      }),
    )
    expect([header.revision, header.analog[0]?.side, header.analog[0]?.primary]).toEqual([1991, 'P', 1])
    expect(header.start.nanos).toBe(BigInt(Date.UTC(1990, 11, 31, 23, 59, 59, 900)) * 1_000_000n)
    expect([...(analog[0] ?? [])]).toEqual([15, 20, -5, 30])
    expect([...times]).toEqual([0, 0.001, 0.002, 0.003])
  })
  it('counts stamps in nanoseconds where its own times have nine digits', () => {
    const { times } = read(
      cfg({
        first: 's,d,2013',
        rates: ['0', '0,4'],
        start: '01/02/2020,03:04:05.000006001',
        rest: ['1', 'x,x', '8,3'],
      }),
      '1,0,10,0\n2,500,20,0\n3,1000,30,1\n4,1500,40,1\n',
    )
    expect(times[3]).toBeCloseTo(1.5e-6, 12)
  })
  it('says that it does not keep its number of samples, either way, and takes what is there', () => {
    expect(read(cfg(), '1,0,10,0\n').notes).toEqual(['4 samples declared, 1 are there'])
    expect(read(cfg(), `${DAT}5,4000,1,1\n`).notes).toEqual(['4 samples declared, 5 are there'])
  })
  it('leaves out a last line that was cut off', () => {
    const { samples, notes } = read(cfg(), `${DAT}5,40`)
    expect(samples).toBe(4)
    expect(notes).toEqual(['the last line is cut off (sample 5 has 2 fields, want 4) and is left out'])
  })
  it('has no value where one is missing', () => {
    const { analog } = read(cfg(), '1,0,99999,0\n2,,,0\n3,2000,99998,1\n4,3000,-99999,1\n')
    expect([...(analog[0] ?? [])]).toEqual([Number.NaN, Number.NaN, 50009, -49989.5])
  })
  it.each([
    [
      'BINARY',
      2,
      [
        [0x00, 0x80],
        [0x01, 0x80],
      ],
      [Number.NaN, -16373.5],
    ],
    [
      'BINARY32',
      4,
      [
        [0, 0, 0, 0x80],
        [1, 0, 0, 0x80],
      ],
      [Number.NaN, -1073741813.5],
    ],
    [
      'FLOAT32',
      4,
      [
        [0, 0, 0xc0, 0x7f],
        [0xff, 0xff, 0x7f, 0xff],
      ],
      [Number.NaN, Number.NaN],
    ],
  ] as const)('has no value where %s says so', (format, width, words, values) => {
    const rows = words.map((word, row) => [row + 1, 0, 0, 0, 0, 0, 0, 0, ...word, 1, 0])
    expect(rows[0]?.length).toBe(10 + width)
    const { analog, digital } = read(cfg({ format, rates: ['1', '1000,2'] }), Uint8Array.from(rows.flat()))
    expect([...(analog[0] ?? [])]).toEqual(values)
    expect([...(digital[0] ?? [])]).toEqual([1, 1])
  })
  it('goes on where 32 bits of time stamps begin again', () => {
    const { times, notes } = read(cfg({ rates: ['0', '0,2'] }), '1,4294967000,1,0\n2,704,2,0\n')
    expect(times[1]).toBeCloseTo(0.001, 9)
    expect(notes).toEqual(['time stamps begin again at sample 2'])
  })
  it('is read in other code pages', () => {
    const bytes = Buffer.from(cfg({ first: 'Esta\xe7\xe3o,Oscil\xf3grafo,1999' }), 'latin1')
    const { header } = parseComtrade({ header: part('r.cfg', bytes), data: part('r.dat', DAT) })
    expect([header.station, header.device]).toEqual(['Estação', 'Oscilógrafo'])
    const utf8 = Buffer.from(cfg({ first: 'Estação,터파크,1999' }), 'utf8')
    expect(parseComtrade({ header: part('r.cfg', utf8), data: part('r.dat', DAT) }).header.device).toBe('터파크')
  })
})

describe('a broken recording', () => {
  const cases: readonly (readonly [string, string, string | Uint8Array | undefined, string])[] = [
    ['empty', '', undefined, 'BAD_HEADER r.cfg:2: ends here, want the numbers of channels, as 8,4A,4D'],
    ['no text', '\x00\x01\x02', undefined, 'BAD_HEADER r.cfg:2: ends here, want the numbers of channels, as 8,4A,4D'],
    [
      'channels contradict',
      cfg({ counts: '3,1A,1D' }),
      undefined,
      'BAD_HEADER r.cfg:2: 3 channels in all, but 1 analog and 1 digital ones',
    ],
    ['no channels', cfg({ counts: '0,0A,0D' }), undefined, 'BAD_HEADER r.cfg:2: no channels, want one at least'],
    [
      'counts are words',
      cfg({ counts: 'x,yA,zD' }),
      undefined,
      'BAD_HEADER r.cfg:2: analog channels: "yA", want a number',
    ],
    [
      'hostile counts',
      cfg({ counts: '999999999,999999999A,0D' }),
      undefined,
      'TOO_LARGE r.cfg:2: analog channels: 999999999, want 4096 at most',
    ],
    [
      'fewer channels than said',
      cfg({ counts: '3,2A,1D' }),
      undefined,
      'BAD_HEADER r.cfg:4: analog channel 2: 5 fields, want 13 (10 in a file of 1991)',
    ],
    [
      'a multiplier of words',
      cfg({ analog: ['1,Va,A,,V,half,0,0,0,0,1,1,P'] }),
      undefined,
      'BAD_HEADER r.cfg:3: analog channel 1: multiplier: "half", want a number',
    ],
    [
      'a multiplier without end',
      cfg({ analog: ['1,Va,A,,V,1e999,0,0,0,0,1,1,P'] }),
      undefined,
      'BAD_HEADER r.cfg:3: analog channel 1: multiplier: "1e999", want a number',
    ],
    [
      'absurd line frequency',
      cfg({ lineHz: '1e9' }),
      undefined,
      'BAD_HEADER r.cfg:5: line frequency: 1000000000 Hz, want 0 to 1000',
    ],
    [
      'absurd number of rates',
      cfg({ rates: ['4000000000', '1000,4'] }),
      undefined,
      'TOO_LARGE r.cfg:6: number of sampling rates: 4000000000, want 10000 at most',
    ],
    [
      'absurd rate',
      cfg({ rates: ['1', '1e300,4'] }),
      undefined,
      'BAD_HEADER r.cfg:7: sampling rate 1: 1e+300 samples a second, want 0, or 0.001 to 10000000',
    ],
    [
      'negative rate',
      cfg({ rates: ['1', '-1000,4'] }),
      undefined,
      'BAD_HEADER r.cfg:7: sampling rate 1: -1000 samples a second, want 0, or 0.001 to 10000000',
    ],
    [
      'rates that go back',
      cfg({ rates: ['2', '1000,4', '500,2'] }),
      undefined,
      'BAD_HEADER r.cfg:8: last sample of sampling rate 2: 2, want 4 or more',
    ],
    [
      'unknown format',
      cfg({ format: 'FLOAT64' }),
      undefined,
      'BAD_HEADER r.cfg:10: data format: "FLOAT64", want ASCII, BINARY, BINARY32, FLOAT32',
    ],
    ['time multiplier 0', cfg({ rest: ['0'] }), undefined, 'BAD_HEADER r.cfg:11: time multiplier: 0, want more than 0'],
    ['no samples', cfg(), '', 'BAD_DATA r.dat: no samples, want one line for each'],
    [
      'too few bytes',
      cfg({ format: 'BINARY' }),
      new Uint8Array(11),
      'BAD_DATA r.dat: 11 bytes, want 12 for each sample',
    ],
    ['too few fields', cfg(), '1,0,10\n2,0,10,1\n', 'BAD_DATA r.dat:1: sample 1 has 3 fields, want 4'],
    ['too many fields', cfg(), '1,0,10,1,1,1\n', 'BAD_DATA r.dat:1: sample 1 has more fields, want 4'],
    [
      'words for a value',
      cfg(),
      '1,0,10,0\n2,0,ten,0\n',
      'BAD_DATA r.dat:2: field 3 of sample 2 is "ten", want a number',
    ],
    [
      'time stamps that run backwards',
      cfg({ rates: ['0', '0,4'] }),
      '1,0,1,0\n2,50,1,0\n3,20,1,0\n',
      'BAD_DATA r.dat: the time stamp of sample 3 is 20 behind 50, want them ascending',
    ],
    [
      'neither rate nor stamps',
      cfg({ rates: ['0', '0,4'] }),
      '1,,1,0\n',
      'BAD_DATA r.dat: sample 1 has no time stamp, want one where the sampling rate is 0',
    ],
  ]
  it.each(cases)('%s: one clear line', (_, header, data, wanted) => {
    expect(refusal(() => read(header, data))).toBe(wanted)
  })

  it('is refused by its size before anything is allocated', () => {
    const channels = Array.from({ length: 4096 }, (_, n) => `${n + 1},V${n},A,,V,1,0,0,0,0,1,1,P`)
    const header = cfg({ counts: '4097,4096A,1D', analog: channels, format: 'BINARY' })
    const bytes = new Uint8Array(8202 * 5000) // 5000 samples of 4096 channels: 160 MB as numbers
    expect(refusal(() => read(header, bytes))).toMatch(/^TOO_LARGE r\.dat: up to 5000 samples of 4096 analog/)
  })

  it('is refused by the size of its file before it is read', () => {
    const dir = mkdtempSync(join(tmpdir(), 'comtrade-'))
    writeFileSync(join(dir, 'r.cfg'), cfg())
    writeFileSync(join(dir, 'r.dat'), '')
    truncateSync(join(dir, 'r.dat'), 300 * 1024 * 1024) // sparse
    expect(refusal(() => readComtrade(join(dir, 'r.cfg')))).toMatch(
      /^TOO_LARGE .*r\.dat: 314572800 bytes, want 268435456 at most$/,
    )
  })

  it('without its .dat, or without anything, names the file that is wanted', () => {
    const dir = mkdtempSync(join(tmpdir(), 'comtrade-'))
    writeFileSync(join(dir, 'r.cfg'), cfg())
    expect(refusal(() => readComtrade(join(dir, 'r.cfg')))).toMatch(
      /^NO_FILE .*r\.cfg: no r\.dat beside it, want the samples there$/,
    )
    expect(refusal(() => readComtrade(join(dir, 'none.cfg')))).toMatch(
      /^NO_FILE .*none\.cfg: can't read this recording/,
    )
    expect(refusal(() => readComtrade(join(dir, 'r.dat')))).toMatch(/^NO_FILE .*want a recording's \.cfg/)
    expect(refusal(() => readComtrade('/dev/zero.cfg'))).toMatch(/^NO_FILE/)
    writeFileSync(join(dir, 'R2.CFG'), cfg())
    writeFileSync(join(dir, 'r2.dat'), DAT)
    expect(readComtrade(join(dir, 'R2.CFG')).samples).toBe(4)
  })

  it('in one file: names the section that is wanted, and the line within the file', () => {
    const dir = mkdtempSync(join(tmpdir(), 'comtrade-'))
    const file = join(dir, 'r.cff')
    const put = (text: string) => writeFileSync(file, text)
    put('nothing of this kind')
    expect(refusal(() => readComtrade(file))).toMatch(/^BAD_HEADER .*no CFG section/)
    put(`--- file type: CFG ---\r\n${cfg()}`)
    expect(refusal(() => readComtrade(file))).toMatch(/^BAD_HEADER .*no DAT section/)
    put(`--- file type: CFG ---\r\n${cfg({ lineHz: 'x' })}--- file type: DAT ASCII ---\r\n${DAT}`)
    expect(refusal(() => readComtrade(file))).toMatch(/r\.cff:6: line frequency: "x", want a number$/)
    put(`--- file type: CFG ---\r\n${cfg()}--- file type: DAT ASCII ---\r\n1,0,10,0\r\n2,x,1,1\r\n`)
    expect(refusal(() => readComtrade(file))).toMatch(/r\.cff:15: field 2 of sample 2 is "x", want a number$/)
    put(`--- file type: CFG ---\r\n${cfg()}--- file type: DAT ASCII: 900000000000 ---\r\n${DAT}`)
    expect(readComtrade(file).notes).toEqual(['the data section says 900000000000 bytes, 50 are there'])
  })

  it('of whatever bytes ends in a record or in one error of its own', () => {
    const lines = cfg().split('\r\n')
    const mutated = fc
      .tuple(
        fc.nat(lines.length - 1),
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.uint8Array({ maxLength: 80 }),
        fc.boolean(),
      )
      .map(([at, text, data, isText]) => ({
        header: lines.map((line, index) => (index === at ? text : line)).join('\n'),
        data: isText ? `${DAT}${Buffer.from(data).toString('latin1')}` : data,
      }))
    fc.assert(
      fc.property(mutated, fc.constantFrom('ASCII', 'BINARY', 'BINARY32', 'FLOAT32'), ({ header, data }, format) => {
        try {
          const record = read(header.replace('ASCII', format), data)
          expect(record.analog.every(column => column.length === record.samples)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(ComtradeError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
