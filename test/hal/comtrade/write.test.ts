// What is written opens elsewhere: read back by a reader of its own, made from the standard's text alone, and by ours.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readParts } from '../../../src/hal/comtrade/files.ts'
import { parseComtrade } from '../../../src/hal/comtrade/index.ts'
import { comtradeFile, type WrittenRecord } from '../../../src/hal/comtrade/write.ts'

const SAMPLES = 1000
const times = Float64Array.from({ length: SAMPLES }, (_, n) => n / 2000)
const sine = (peak: number, degrees: number): Float64Array =>
  times.map(time => peak * Math.cos(2 * Math.PI * 50 * time + (degrees * Math.PI) / 180))
const gap = sine(11.25, 0)
gap.fill(Number.NaN, 100, 104)

const record: WrittenRecord = {
  station: 'Sub, station Ü',
  device: 'recloser-7',
  lineHz: 50,
  rates: [{ hz: 2000, lastSample: SAMPLES }],
  startUtcMicros: BigInt(Date.UTC(2026, 2, 4, 5, 6, 7, 89)) * 1000n + 12n,
  triggerUtcMicros: BigInt(Date.UTC(2026, 2, 4, 5, 6, 7, 289)) * 1000n + 12n,
  timeQuality: '8',
  times,
  analog: [
    { name: 'Va', phase: 'A', unit: 'V', values: sine(3394.1, 0) },
    { name: 'Ia', phase: 'A', unit: 'A', values: gap },
  ],
  digital: Array.from({ length: 17 }, (_, n) => ({
    name: `d${n}`,
    normal: n === 1 ? 1 : 0,
    values: Uint8Array.from({ length: SAMPLES }, (_, row) => (n === 16 ? Number(row >= 400) : n === 1 ? 1 : 0)),
  })),
  information: [['Source', 'feedermesh']],
  remarks: ['sag on phase a'],
}

const bytesOf = (written: WrittenRecord): Buffer => Buffer.concat([...comtradeFile(written)])

/** IEEE C37.111-2013, clauses 7 (CFG), 8 (DAT) and 10 (CFF); nothing of it is ours. */
function independent(bytes: Buffer) {
  const text = bytes.toString('latin1')
  const sections = [...text.matchAll(/--- file type: ([A-Z]+)(?: ([A-Z0-9]+))?(?:: (\d+))? ---\r\n/g)]
  const bodyOf = (name: string): string => {
    const index = sections.findIndex(([, kind]) => kind === name)
    const section = sections[index] ?? expect.unreachable()
    return text.slice((section.index ?? 0) + section[0].length, sections[index + 1]?.index)
  }
  const cfg = bodyOf('CFG').split('\r\n')
  const [, analog, digital] = /^\d+,(\d+)A,(\d+)D$/.exec(cfg[1] ?? '')?.map(Number) ?? expect.unreachable()
  const after = 2 + (analog ?? 0) + (digital ?? 0)
  const last = sections.at(-1) ?? expect.unreachable()
  const data = bytes.subarray((last.index ?? 0) + last[0].length)
  const rowBytes = 8 + 4 * (analog ?? 0) + 2 * Math.ceil((digital ?? 0) / 16)
  const rows = Array.from({ length: data.length / rowBytes }, (_, row) => {
    const at = row * rowBytes
    return {
      number: data.readUInt32LE(at),
      stamp: data.readUInt32LE(at + 4),
      analog: Array.from({ length: analog ?? 0 }, (_, n) => data.readFloatLE(at + 8 + 4 * n)),
      words: Array.from({ length: Math.ceil((digital ?? 0) / 16) }, (_, n) =>
        data.readUInt16LE(at + 8 + 4 * (analog ?? 0) + 2 * n),
      ),
    }
  })
  return {
    order: sections.map(([, kind]) => kind),
    cfg,
    tail: cfg.slice(after),
    last,
    data,
    rows,
    inf: bodyOf('INF'),
    hdr: bodyOf('HDR'),
  }
}

describe('a recording that is written', () => {
  const bytes = bytesOf(record)
  const seen = independent(bytes)

  it('has the sections, lines and fields of the standard', () => {
    expect(seen.order).toEqual(['CFG', 'INF', 'HDR', 'DAT'])
    expect(Buffer.from(seen.cfg[0] ?? '', 'latin1').toString()).toBe('Sub  station Ü,recloser-7,2013')
    expect(seen.cfg[2]?.split(',')).toHaveLength(13)
    expect(seen.cfg[4]).toBe('1,d0,,,0')
    expect(seen.tail).toEqual([
      '50',
      '1',
      `2000,${SAMPLES}`,
      '04/03/2026,05:06:07.089012',
      '04/03/2026,05:06:07.289012',
      'FLOAT32',
      '1',
      '0,0',
      '8,3',
      '',
    ])
    expect(seen.inf).toContain('Source=feedermesh')
    expect(seen.hdr).toContain('sag on phase a')
  })
  it('has each value where the standard has it', () => {
    expect([seen.last[2], Number(seen.last[3])]).toEqual(['FLOAT32', seen.data.length])
    expect(seen.rows).toHaveLength(SAMPLES)
    seen.rows.forEach(({ number, stamp, analog, words }, row) => {
      expect([number, stamp]).toEqual([row + 1, row * 500])
      expect(analog[0]).toBe(Math.fround(record.analog[0]?.values[row] ?? 0))
      expect(words).toEqual([2, row >= 400 ? 1 : 0])
    })
    expect(seen.rows.slice(99, 105).map(({ analog }) => Number.isNaN(analog[1]))).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
    ])
  })
  it('is read back as it was', () => {
    const dir = mkdtempSync(join(tmpdir(), 'comtrade-'))
    const file = join(dir, 'r.cff')
    writeFileSync(file, bytes)
    const read = parseComtrade(readParts(file, () => {}))
    expect(read.header).toMatchObject({
      device: 'recloser-7',
      revision: 2013,
      lineHz: 50,
      utcOffsetMinutes: 0,
      timeQuality: '8',
    })
    expect([read.samples, read.evenHz, read.triggerSeconds, read.notes]).toEqual([SAMPLES, 2000, 0.2, []])
    expect(read.analog.map(column => [...column])).toEqual(
      record.analog.map(({ values }) => [...values].map(Math.fround)),
    )
    expect(read.digital.map(column => [...column])).toEqual(record.digital.map(({ values }) => [...values]))
  })
  it('is not made of columns that differ in length', () => {
    expect(() => bytesOf({ ...record, times: times.slice(1) })).toThrow(/want as many values of each channel/)
  })
})
