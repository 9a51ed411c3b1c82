// From a TCP stream's pieces to whole frames. After garbage it looks for the next byte that may begin a frame; a frame
// whose checksum is wrong costs its first byte alone, since its length may be what was garbled.

import { C37118Error, decodeFrame, type Frame, kindOf, SHORTEST, SYNC, viewOf } from './frame.ts'

export interface FrameReader {
  /**
   * The frames that are whole with this piece.
   * @throws C37118Error when nothing of what comes is a frame: whoever sends that is no measuring unit
   */
  take(piece: Uint8Array): Frame[]
  /** Bytes that were skipped as no frame, so far. */
  skipped(): number
}

/**
 * Beginnings in a row that turned out to be none. Each may cost a checksum over 64 KiB, so somebody who sends nothing else
 * must not keep the processor busy.
 */
const MOST_FALSE = 32

/**
 * Holds what a frame may be at the most, 65,535 bytes, and the piece that it is given; pieces come in as large as the
 * system's reads, 64 KiB.
 */
export function frameReader(): FrameReader {
  let held: Uint8Array = new Uint8Array(0)
  let skipped = 0
  let inARow = 0

  return {
    take(piece) {
      const bytes = held.length === 0 ? piece : joined(held, piece)
      const view = viewOf(bytes)
      const frames: Frame[] = []
      let at = 0
      while (at < bytes.length) {
        if (!mayBegin(bytes, at)) {
          at++
          skipped++
          continue
        }
        if (at + 4 > bytes.length) break
        const length = view.getUint16(at + 2)
        if (length >= SHORTEST && at + length > bytes.length) break
        try {
          frames.push(decodeFrame(bytes.slice(at, at + length)))
          at += length
          inARow = 0
        } catch (error) {
          if (!(error instanceof C37118Error) || ++inARow > MOST_FALSE) throw error
          at++
          skipped++
        }
      }
      held = bytes.slice(at)
      return frames
    },
    skipped: () => skipped,
  }
}

function mayBegin(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== SYNC) return false
  const second = bytes[at + 1]
  return second === undefined || kindOf(second) !== undefined
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
