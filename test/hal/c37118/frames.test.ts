// Worked examples are those of IEEE C37.118.2-2011, Annex D, as iicsys/pypmu reproduces them byte for byte in
// tests/validate_frames.py (one unit, and the same unit twice).

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  encodeConfiguration2,
  encodeConfiguration3,
  encodeData,
  type PmuShape,
  type PmuValues,
  type StreamShape,
} from '../../../sim/devices/pmu-frames.ts'
import { decodeConfiguration, type StreamConfiguration } from '../../../src/hal/c37118/configuration.ts'
import { decodeData } from '../../../src/hal/c37118/data.ts'
import { C37118Error, crcCcitt, decodeFrame, encodeCommand, encodeFrame } from '../../../src/hal/c37118/frame.ts'
import { frameReader } from '../../../src/hal/c37118/frame-reader.ts'
import { chooseChannels, measurementOfFrame, phasorFrameOf } from '../../../src/hal/c37118/phasor-frame.ts'
import { instant, utcMs } from '../../../topology/units.ts'
import { INPUTS, mutated } from '../../wire/inputs.ts'

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'))

const DATA = bytesOf(`aa0100341e3644853600000041b1 0000392b0000e36ace7ce36a318304440000
  09c40000 42c80000447a0000461c4000 3c12 d43f`)
const DATA_OF_TWO = bytesOf(`aa0100581e3644853600000041b1
  0000392b0000e36ace7ce36a31830444000009c4000042c80000447a0000461c40003c12
  0000392b0000e36ace7ce36a31830444000009c4000042c80000447a0000461c40003c12 bd52`)
const START = bytesOf('aa4100121e36448560300f0bbfd00002ce00')

const BREAKERS = [...'123456789ABCDEFG'].map(each => `BREAKER ${each} STATUS`)
const station: PmuShape = {
  station: 'Station A',
  idCode: 7734,
  polar: false,
  phasorsFloat: false,
  analogsFloat: true,
  frequencyFloat: false,
  phasors: [
    ...['VA', 'VB', 'VC'].map(name => ({ name, kind: 'volts', perBit: 9.15527, turnRadians: 0 }) as const),
    { name: 'I1', kind: 'amps', perBit: 0.45776, turnRadians: 0 },
  ],
  analogs: 3,
  digitals: 1,
  nominalHz: 60,
  changes: 22,
  otherNames: ['ANALOG1', 'ANALOG2', 'ANALOG3', ...BREAKERS],
  analogUnits: [1, 0x01000001, 0x02000001],
  digitalMasks: [[0, 0xffff]],
}
const one: StreamShape = { timeBase: 1_000_000, framesPerSecond: 30, pmus: [station] }
const stamp = { idCode: 7734, soc: 1149577200, fraction: 463_000, timeQuality: 0x56 }

/** The same without what only the sender knows. */
const known = (stream: StreamShape): StreamConfiguration => ({
  ...stream,
  pmus: stream.pmus.map(({ otherNames: _, analogUnits: __, digitalMasks: ___, ...pmu }) => pmu),
})

describe('a frame of C37.118.2', () => {
  it('has the checksum that the catalogue of checksums gives for "123456789"', () => {
    expect(crcCcitt(Buffer.from('123456789'))).toBe(0x29b1)
  })

  it('is read and written byte for byte as the worked command', () => {
    expect(decodeFrame(START)).toEqual({
      kind: 'command',
      idCode: 7734,
      soc: 1149591600,
      fraction: 770_000,
      timeQuality: 0x0f,
      content: Uint8Array.of(0, 2),
    })
    expect(encodeFrame(decodeFrame(START))).toEqual(START)
  })

  it('tells a stream what to do', () => {
    const { kind, idCode, soc, content } = decodeFrame(encodeCommand('sendConfig2', 99, 1_700_000_000_999))
    expect({ kind, idCode, soc, content: [...content] }).toEqual({
      kind: 'command',
      idCode: 99,
      soc: 1_700_000_000,
      content: [0, 5],
    })
  })

  it.each([
    ['of a wrong checksum', START.with(17, 1), /checksum 0xCE01, want 0xCE00/],
    ['of another length', START.with(3, 17), /of 18 bytes says 17/],
    ['of no bytes', new Uint8Array(), /want a frame/],
    ['of a kind that there is not', START.with(1, 0x71), /want a frame/],
  ])('is refused in words: %s', (_, bytes, words) => {
    expect(() => decodeFrame(bytes)).toThrow(words)
    expect(() => decodeFrame(bytes)).toThrow(C37118Error)
  })
})

describe('configuration frame 2', () => {
  it('is written byte for byte as the worked one, and read back', () => {
    const bytes = encodeConfiguration2(one, stamp)
    expect(bytes.length).toBe(0x1c6)
    expect(Buffer.from(bytes.subarray(-2)).toString('hex')).toBe('d5d1') // its checksum covers all the rest
    const read = decodeConfiguration(decodeFrame(bytes))
    expect(read.pmus[0]?.phasors[0]?.perBit).toBeCloseTo(9.15527, 9)
    const rounded = (stream: StreamConfiguration) =>
      JSON.parse(JSON.stringify(stream, (_, v) => (typeof v === 'number' ? Number(v.toFixed(9)) : v)))
    expect(rounded(read)).toEqual(rounded(known(one)))
  })
  it('is the worked one of two units', () => {
    const bytes = encodeConfiguration2({ ...one, pmus: [station, station] }, stamp)
    expect([bytes.length, Buffer.from(bytes.subarray(-2)).toString('hex')]).toEqual([0x374, '20e8'])
    expect(decodeConfiguration(decodeFrame(bytes)).pmus).toHaveLength(2)
  })
  it('has a rate below one frame a second', () => {
    const bytes = encodeConfiguration2({ ...one, framesPerSecond: 0.2 }, stamp)
    expect(decodeConfiguration(decodeFrame(bytes)).framesPerSecond).toBe(0.2)
  })

  const refused = (edit: (content: Uint8Array, view: DataView) => void) => () => {
    const frame = decodeFrame(encodeConfiguration2(one, stamp))
    const content = frame.content.slice()
    edit(content, new DataView(content.buffer))
    return decodeConfiguration({ ...frame, content })
  }
  const PHASORS = 4 + 2 + 16 + 2 + 2
  it.each([
    ['65535 phasors', (_: Uint8Array, v: DataView) => v.setUint16(PHASORS, 65_535), /\d+ bytes, want \d+ or more/],
    ['65535 digital words', (_: Uint8Array, v: DataView) => v.setUint16(PHASORS + 4, 65_535), /want \d+ or more/],
    ['65535 units', (_: Uint8Array, v: DataView) => v.setUint16(4, 65_535), /want \d+ or more/],
    ['a phasor less than it has', (_: Uint8Array, v: DataView) => v.setUint16(PHASORS, 3), /./],
    ['a time base of 0', (_: Uint8Array, v: DataView) => v.setUint32(0, 0), /time base 0/],
    ['no rate', (c: Uint8Array, v: DataView) => v.setUint16(c.length - 2, 0), /data rate 0/],
  ])('is refused with %s', (_, edit, words) => {
    expect(refused(edit)).toThrow(words)
    expect(refused(edit)).toThrow(C37118Error)
  })
})

describe('configuration frame 3', () => {
  it('has names of any length, scales in floating point and turned angles', () => {
    const stream: StreamShape = {
      ...one,
      pmus: [
        {
          ...station,
          station: 'Umspannwerk Süd, Abgang 3',
          phasors: [
            { name: 'U L1', kind: 'volts', perBit: 0.5, turnRadians: 0.25 },
            { name: 'I', kind: 'amps', perBit: 2, turnRadians: 0 },
          ],
        },
      ],
    }
    expect(decodeConfiguration(decodeFrame(encodeConfiguration3(stream, stamp)))).toEqual(known(stream))
  })
  it('is refused in parts', () => {
    const frame = decodeFrame(encodeConfiguration3(one, stamp))
    expect(() => decodeConfiguration({ ...frame, content: frame.content.with(1, 1) })).toThrow(/part 1: want a whole/)
  })
})

describe('a data frame', () => {
  it('is read as the worked one', () => {
    const { utcMicros, pmus } = decodeData(
      decodeFrame(DATA),
      decodeConfiguration(decodeFrame(encodeConfiguration2(one, stamp))),
    )
    expect(utcMicros).toBe(1_149_580_800_016_817n)
    const [pmu] = pmus
    // 14635 and 1092 bits; the second and third are 14635 as well, a third of a turn away.
    expect(pmu?.phasors[0]?.magnitude).toBeCloseTo(14_635 * 9.15527, 6)
    expect(pmu?.phasors[0]?.radians).toBe(0)
    expect((pmu?.phasors[1]?.radians ?? 0) * (180 / Math.PI)).toBeCloseTo(-120, 2)
    expect((pmu?.phasors[2]?.radians ?? 0) * (180 / Math.PI)).toBeCloseTo(120, 2)
    expect(pmu?.phasors[3]?.magnitude).toBeCloseTo(1092 * 0.45776, 6)
    expect(pmu?.frequencyHz).toBe(62.5)
    expect(pmu?.rocofHzPerS).toBe(0)
    expect(pmu).toMatchObject({ doubts: [], timeErrorSeconds: 1e-6, configurationChanges: false })
  })
  it('has one part for each unit of a concentrator', () => {
    const { pmus } = decodeData(decodeFrame(DATA_OF_TWO), { ...known(one), pmus: [station, station] })
    expect(pmus).toHaveLength(2)
    expect(pmus[1]).toEqual(pmus[0])
  })
  it('is written byte for byte as the worked one', () => {
    const [first] = decodeData(decodeFrame(DATA), known(one)).pmus
    const values: PmuValues = {
      stat: 0,
      phasors: first?.phasors ?? [],
      frequencyHz: 62.5,
      rocofHzPerS: 0,
      analogs: [100, 1000, 10_000],
      digitals: [0x3c12],
    }
    expect(encodeData(one, [values], { ...stamp, soc: 1149580800, fraction: 16_817, timeQuality: 0 })).toEqual(DATA)
  })
  it('is refused where it does not fit the configuration', () => {
    expect(() => decodeData(decodeFrame(DATA_OF_TWO), known(one))).toThrow(/with 72 bytes, want 36/)
    expect(() => decodeData(decodeFrame(DATA), { ...known(one), timeBase: 16_817 })).toThrow(/fraction of 16817/)
  })

  const stat = (word: number, timeQuality = 0) => {
    const bytes = encodeData(
      one,
      [{ stat: word, phasors: [undefined, undefined, undefined, undefined], frequencyHz: 60, rocofHzPerS: -1.5 }],
      { ...stamp, timeQuality },
    )
    return decodeData(decodeFrame(bytes), known(one)).pmus[0]
  }
  it.each([
    [0x0000, 0x00, [], 1e-6],
    [0x4000, 0x00, ['failure'], 1e-6],
    [0x8000, 0x00, ['inconsistent'], 1e-6],
    [0xc000, 0x00, ['failure'], 1e-6],
    [0x0200, 0x00, ['inaccurate'], 1e-6],
    [0x2000, 0x00, [], Number.POSITIVE_INFINITY],
    [0x1000, 0x00, [], Number.POSITIVE_INFINITY],
    [0x01c0, 0x00, [], Number.POSITIVE_INFINITY],
    [0x0180, 0x00, [], 1e-2],
    [0x0040, 0x06, [], 1e-4],
    [0x0100, 0x00, [], 1e-4],
    [0x0000, 0x0b, [], 10],
    [0x0000, 0x0f, [], Number.POSITIVE_INFINITY],
    [0x0000, 0x70, [], 1e-6],
  ])("with status %i and time quality %i has its doubts and its clock's error", (word, quality, doubts, seconds) => {
    const pmu = stat(word, quality)
    expect(pmu?.doubts).toEqual(doubts)
    expect(pmu?.timeErrorSeconds === seconds || Math.abs((pmu?.timeErrorSeconds ?? 0) / seconds - 1) < 1e-9).toBe(true)
  })
  it('leaves out a phasor that is missing', () => {
    const stream = { ...known(one) }
    const bytes = encodeData(
      one,
      [
        {
          stat: 0,
          phasors: [{ magnitude: 1000, radians: 1 }, undefined, undefined, undefined],
          frequencyHz: 60,
          rocofHzPerS: 0,
        },
      ],
      stamp,
    )
    const channels = chooseChannels(stream, undefined, { volts: { a: 'VA', b: 1, c: 'VC' }, amps: { a: 'I1' } })
    const frame = phasorFrameOf(decodeData(decodeFrame(bytes), stream), channels, { reverse: false, at: instant(0) })
    expect(Object.keys(frame.volts)).toEqual(['a'])
    expect(frame.amps).toEqual({})
    expect(measurementOfFrame(frame, utcMs(0))).not.toHaveProperty('amps')
  })

  const formats = fc.record({
    polar: fc.boolean(),
    phasorsFloat: fc.boolean(),
    analogsFloat: fc.boolean(),
    frequencyFloat: fc.boolean(),
  })
  it('reads what was written, in each format', () => {
    fc.assert(
      fc.property(
        formats,
        fc.array(
          fc.record({
            magnitude: fc.double({ min: 1000, max: 30_000, noNaN: true }),
            radians: fc.double({ min: -3.14, max: 3.14, noNaN: true }),
          }),
          { minLength: 4, maxLength: 4 },
        ),
        fc.double({ min: 45, max: 66, noNaN: true }),
        fc.double({ min: -10, max: 10, noNaN: true }),
        (format, phasors, frequencyHz, rocofHzPerS) => {
          const pmu = { ...station, ...format, phasors: station.phasors.map(each => ({ ...each, perBit: 1 })) }
          const stream = { ...one, pmus: [pmu] }
          const bytes = encodeData(stream, [{ stat: 0, phasors, frequencyHz, rocofHzPerS }], stamp)
          const [read] = decodeData(decodeFrame(bytes), known(stream)).pmus
          for (const [index, { magnitude, radians }] of phasors.entries()) {
            const got = read?.phasors[index]
            expect(Math.abs((got?.magnitude ?? 0) - magnitude)).toBeLessThan(1)
            expect(Math.abs((got?.radians ?? 9) - radians)).toBeLessThan(1e-3)
          }
          expect(read?.frequencyHz).toBeCloseTo(frequencyHz, 2)
          expect(Math.abs((read?.rocofHzPerS ?? 99) - rocofHzPerS)).toBeLessThan(0.006)
        },
      ),
    )
  })
})

describe('which channel is which phase', () => {
  const two = {
    ...known(one),
    pmus: [known(one).pmus[0], { ...known(one).pmus[0], idCode: 9, station: 'B' }],
  } as StreamConfiguration
  it('is asked of the unit that is named, by name or by place', () => {
    const wanted = { volts: { a: 'VA', c: 2 }, farVolts: { a: 'VB' }, amps: { b: 'I1' } }
    expect(chooseChannels(two, 9, wanted)).toEqual({
      pmu: 1,
      volts: { a: 0, c: 2 },
      farVolts: { a: 1 },
      amps: { b: 3 },
    })
  })
  it.each([
    [undefined, { volts: { a: 'VA' }, amps: {} }, /no unit named, want pmuId to be one of 7734 \(Station A\), 9 \(B\)/],
    [8, { volts: { a: 'VA' }, amps: {} }, /no unit 8/],
    [9, { volts: { a: 'I1' }, amps: {} }, /B: no phasor "I1" in volts, want one of 0 "VA" \(volts\)/],
    [9, { volts: { a: 4 }, amps: {} }, /no phasor 4/],
    [9, { volts: { a: 0 }, farVolts: { a: 'VX' }, amps: {} }, /no phasor "VX" in volts/],
  ])('and said in words when there is none', (id, wanted, words) => {
    expect(() => chooseChannels(two, id, wanted)).toThrow(words)
  })
  it('hands on what is beyond the device beside the own side, from the same moment', () => {
    const wanted = { volts: { a: 'VA' }, farVolts: { a: 'VB' }, amps: {} }
    const data = decodeData(decodeFrame(DATA), known(one))
    const frame = phasorFrameOf(data, chooseChannels(known(one), undefined, wanted), { reverse: true, at: instant(0) })
    const direct = { ...wanted, volts: { a: 'VB' }, farVolts: {} }
    const other = phasorFrameOf(data, chooseChannels(known(one), undefined, direct), { reverse: false, at: instant(0) })
    expect(frame.farVolts).toEqual(other.volts)
    expect(frame.farVolts?.a?.degrees).not.toBe(frame.volts.a?.degrees)
    expect(other).not.toHaveProperty('farVolts')
  })
  it('turns currents round when their transformers look upstream', () => {
    const channels = chooseChannels(known(one), undefined, { volts: { a: 'VA' }, amps: { a: 'I1' } })
    const data = decodeData(decodeFrame(DATA), known(one))
    const kw = (reverse: boolean) =>
      measurementOfFrame(phasorFrameOf(data, channels, { reverse, at: instant(0) }), utcMs(0)).kw?.a ?? 0
    expect(kw(false)).toBeCloseTo((14_635 * 9.15527 * 1092 * 0.45776) / 1000, 3)
    expect(kw(true)).toBeCloseTo(-kw(false), 6)
  })
})

describe('the frame reader', () => {
  it('finds frames in any pieces, with garbage in between', () => {
    const garbage = Uint8Array.of(1, 2, 0xaa, 0xff, 0xaa, 0x01, 0x00, 0x05)
    const whole = Buffer.concat([garbage, DATA, garbage, START, DATA.with(40, 0), DATA, DATA.subarray(0, 9)])
    for (const size of [1, 3, 16, 1000]) {
      const reader = frameReader()
      const kinds: string[] = []
      for (let at = 0; at < whole.length; at += size) {
        kinds.push(...reader.take(whole.subarray(at, at + size)).map(({ kind }) => kind))
      }
      expect(kinds).toEqual(['data', 'command', 'data'])
    }
  })
  it('gives up on somebody who sends nothing but beginnings', () => {
    const beginnings = new Uint8Array(200_000)
    for (let at = 0; at < beginnings.length; at += 4) beginnings.set([0xaa, 0x01, 0x80, 0x00], at)
    const began = process.cpuUsage()
    expect(() => frameReader().take(beginnings)).toThrow(C37118Error)
    expect(process.cpuUsage(began).user / 1000).toBeLessThan(2000)
  })

  const examples = [DATA, START, encodeConfiguration2(one, stamp), encodeConfiguration3(one, stamp)]
  it(`takes ${INPUTS} hostile inputs without another error than its own`, () => {
    const input = fc.oneof(fc.uint8Array({ maxLength: 600 }), ...examples.map(mutated))
    fc.assert(
      fc.property(input, fc.integer({ min: 1, max: 700 }), (bytes, size) => {
        const reader = frameReader()
        try {
          for (let at = 0; at < bytes.length; at += size) reader.take(bytes.subarray(at, at + size))
        } catch (error) {
          expect(error).toBeInstanceOf(C37118Error)
        }
        expect(reader.skipped()).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: INPUTS },
    )
  })
  it(`decodes ${INPUTS} hostile contents, or says that they are none`, () => {
    // With a right checksum: mutated content, framed anew.
    const contents = examples.map(bytes => decodeFrame(bytes))
    const input = fc.oneof(
      ...contents.map(frame => mutated(frame.content).map(content => ({ ...frame, content }))),
      ...contents.map(frame => fc.uint8Array({ maxLength: 300 }).map(content => ({ ...frame, content }))),
    )
    fc.assert(
      fc.property(input, frame => {
        try {
          if (frame.kind === 'data') decodeData(frame, known(one))
          else if (frame.kind !== 'command')
            chooseChannels(decodeConfiguration(frame), 7734, { volts: { a: 'VA' }, amps: {} })
        } catch (error) {
          expect(error).toBeInstanceOf(C37118Error)
        }
      }),
      { numRuns: INPUTS },
    )
  })
})
