// Configuration frames 2 and 3 of IEEE C37.118.2: which units a stream carries, and in which form their values come.

import { C37118Error, type Frame, viewOf } from './frame.ts'

export interface PhasorChannel {
  readonly name: string
  readonly kind: 'volts' | 'amps'
  /** Volts or amps of one bit where phasors are whole numbers; those in floating point are scaled already. */
  readonly perBit: number
  /** Added to the angle. */
  readonly turnRadians: number
}

/** One measuring unit of a stream. */
export interface PmuConfiguration {
  readonly station: string
  readonly idCode: number
  readonly polar: boolean
  readonly phasorsFloat: boolean
  readonly analogsFloat: boolean
  readonly frequencyFloat: boolean
  readonly phasors: readonly PhasorChannel[]
  readonly analogs: number
  readonly digitals: number
  readonly nominalHz: 50 | 60
  /** Grows with each change of the unit's configuration. */
  readonly changes: number
}

export interface StreamConfiguration {
  /** The fraction of a second is in units of 1 / timeBase s. */
  readonly timeBase: number
  readonly pmus: readonly PmuConfiguration[]
  readonly framesPerSecond: number
}

/**
 * Counts are held against the bytes that are there before anything is made of them, so a configuration takes no more memory
 * than a few times its frame.
 *
 * @throws C37118Error in words, when the frame is no such configuration
 */
export function decodeConfiguration({ kind, content }: Frame): StreamConfiguration {
  const take = reader(content)
  if (kind === 'config3') {
    const part = take.uint16()
    // A configuration over several frames is that of a concentrator of very many units; frame 2 has it in one.
    if (part !== 0) throw new C37118Error(`configuration frame 3, part ${part}: want a whole one`)
  } else if (kind !== 'config2') throw new C37118Error(`a ${kind} frame, want a configuration`)
  const timeBase = take.uint32() & 0xffffff
  if (timeBase === 0) throw new C37118Error('time base 0, want 1 or more')
  const count = take.uint16()
  const pmus: PmuConfiguration[] = []
  for (let i = 0; i < count; i++) pmus.push(kind === 'config2' ? pmuIn2(take) : pmuIn3(take))
  const rate = take.int16()
  if (rate === 0) throw new C37118Error('data rate 0')
  if (take.left() !== 0) throw new C37118Error(`${take.left()} bytes after the configuration`)
  return { timeBase, pmus, framesPerSecond: rate > 0 ? rate : -1 / rate }
}

interface Counts {
  readonly format: number
  readonly phasors: number
  readonly analogs: number
  readonly digitals: number
}

function countsIn(take: Reader): Counts {
  return { format: take.uint16(), phasors: take.uint16(), analogs: take.uint16(), digitals: take.uint16() }
}

/** Bits 0 to 3 of FORMAT. */
const formats = ({ format }: Counts) => ({
  polar: (format & 1) !== 0,
  phasorsFloat: (format & 2) !== 0,
  analogsFloat: (format & 4) !== 0,
  frequencyFloat: (format & 8) !== 0,
})

const nominalIn = (take: Reader): 50 | 60 => ((take.uint16() & 1) === 1 ? 50 : 60)

const NAME = 16

function pmuIn2(take: Reader): PmuConfiguration {
  const station = take.text(NAME)
  const idCode = take.uint16()
  const counts = countsIn(take)
  const { phasors, analogs, digitals } = counts
  take.insist(phasors * (NAME + 4) + analogs * (NAME + 4) + digitals * (16 * NAME + 4))
  const names = Array.from({ length: phasors }, () => take.text(NAME))
  take.skip(analogs * NAME + digitals * 16 * NAME)
  const channels = names.map((name): PhasorChannel => {
    const unit = take.uint32()
    // 0 volts, 1 amps; the rest in 10^-5 of them.
    return { name, kind: unit >>> 24 === 1 ? 'amps' : 'volts', perBit: (unit & 0xffffff) * 1e-5, turnRadians: 0 }
  })
  take.skip(analogs * 4 + digitals * 4)
  return { station, idCode, ...formats(counts), phasors: channels, analogs, digitals, ...endIn(take) }
}

/** What both versions end with. */
const endIn = (take: Reader) => ({ nominalHz: nominalIn(take), changes: take.uint16() })

const GLOBAL_ID = 16
/** Latitude, longitude, elevation, service class, window and delay. */
const PLACE_AND_FILTER = 4 + 4 + 4 + 1 + 4 + 4

function pmuIn3(take: Reader): PmuConfiguration {
  const station = take.text(take.uint8())
  const idCode = take.uint16()
  take.skip(GLOBAL_ID)
  const counts = countsIn(take)
  const { phasors, analogs, digitals } = counts
  take.insist(phasors * 13 + analogs * 9 + digitals * (16 + 4))
  const names = Array.from({ length: phasors }, () => take.text(take.uint8()))
  for (let i = 0; i < analogs + 16 * digitals; i++) take.skip(take.uint8())
  const channels = names.map((name): PhasorChannel => {
    take.skip(2) // how it was processed
    const indication = take.uint8()
    take.skip(1)
    const [perBit, turnRadians] = [take.float32(), take.float32()]
    if (!Number.isFinite(perBit) || !Number.isFinite(turnRadians)) {
      throw new C37118Error(`phasor "${name}": scale ${perBit}, angle ${turnRadians}: want numbers`)
    }
    return { name, kind: (indication & 8) === 0 ? 'volts' : 'amps', perBit, turnRadians }
  })
  take.skip(analogs * 8 + digitals * 4 + PLACE_AND_FILTER)
  return { station, idCode, ...formats(counts), phasors: channels, analogs, digitals, ...endIn(take) }
}

// Reading bytes -------------------------------------------------------------------------------------------------------

export type Reader = ReturnType<typeof reader>

/** Reads numbers one after the other. Each throws C37118Error where the bytes end too early. */
export function reader(bytes: Uint8Array) {
  const view = viewOf(bytes)
  let at = 0
  function next(size: number): number {
    if (at + size > bytes.length) throw new C37118Error(`${bytes.length} bytes, want ${at + size} or more`)
    at += size
    return at - size
  }
  return {
    uint8: () => view.getUint8(next(1)),
    uint16: () => view.getUint16(next(2)),
    int16: () => view.getInt16(next(2)),
    uint32: () => view.getUint32(next(4)),
    float32: () => view.getFloat32(next(4)),
    /** Without the blanks that fill it up, and nothing that moves a cursor. */
    text(size: number): string {
      const from = next(size)
      const text = new TextDecoder().decode(bytes.subarray(from, from + size))
      return text.replace(/[\p{Cc}\p{Cf}]/gu, ' ').trim()
    },
    skip: (size: number) => void next(size),
    insist(size: number): void {
      if (at + size > bytes.length) throw new C37118Error(`${bytes.length} bytes, want ${at + size} or more`)
    },
    left: () => bytes.length - at,
  }
}
