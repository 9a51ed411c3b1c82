// How much a neighbour may send, so that one that floods costs itself its link and the others nothing. Two buckets for
// each: frames and bytes. They are generous: a feeder in its worst minute stays far below. What is beyond is dropped
// unread and counted; who goes on so for seconds is cut off, and refused for a time when it comes again.
//
// What is dropped is the flooder's own surplus, whatever its class. Frames of other neighbours have buckets of their own,
// and data goes by protocols of its own, so protection is never dropped in favour of either.

import { MOST_REMEMBERED } from './most-peers.ts'

export interface FloodLimits {
  readonly framesPerSecond: number
  readonly frameBurst: number
  readonly bytesPerSecond: number
  readonly byteBurst: number
  /** Dropping so long without a pause of `calmMs` cuts it off, for `awayMs`. */
  readonly patienceMs: number
  readonly calmMs: number
  readonly awayMs: number
}

/** A signature check takes some 100 µs: one neighbour at its limit keeps a fifth of one core busy. */
export const floodLimits: FloodLimits = {
  framesPerSecond: 2000,
  frameBurst: 6000,
  bytesPerSecond: 4 * 1024 * 1024,
  byteBurst: 16 * 1024 * 1024,
  patienceMs: 5000,
  calmMs: 1000,
  awayMs: 60_000,
}

export interface FloodGuard {
  /** `cut`: it has gone on for too long; said once. */
  take(from: string, bytes: number, now: number): 'pass' | 'drop' | 'cut'
  /** Whether it was cut off and its time is not over. */
  isAway(from: string, now: number): boolean
}

interface Neighbour {
  frames: number
  bytes: number
  filledAt: number
  droppingSince: number | undefined
  droppedAt: number
  awayUntil: number
}

export function floodGuard(limits: FloodLimits = floodLimits): FloodGuard {
  const neighbours = new Map<string, Neighbour>()

  function of(from: string, now: number): Neighbour {
    const known = neighbours.get(from)
    if (known !== undefined) return known
    if (neighbours.size >= MOST_REMEMBERED) makeRoom()
    const { frameBurst: frames, byteBurst: bytes } = limits
    const made = { frames, bytes, filledAt: now, droppingSince: undefined, droppedAt: now, awayUntil: now }
    neighbours.set(from, made)
    return made
  }

  /** Who was heard the longest ago goes. Looked for when somebody new comes, as every frame passes by here. */
  function makeRoom(): void {
    let [oldest] = neighbours
    for (const each of neighbours) if (oldest === undefined || each[1].filledAt < oldest[1].filledAt) oldest = each
    if (oldest !== undefined) neighbours.delete(oldest[0])
  }

  function fill(neighbour: Neighbour, now: number): void {
    const seconds = Math.max(0, now - neighbour.filledAt) / 1000
    neighbour.frames = Math.min(limits.frameBurst, neighbour.frames + seconds * limits.framesPerSecond)
    neighbour.bytes = Math.min(limits.byteBurst, neighbour.bytes + seconds * limits.bytesPerSecond)
    neighbour.filledAt = now
  }

  return {
    take(from, bytes, now) {
      const neighbour = of(from, now)
      fill(neighbour, now)
      if (neighbour.frames >= 1 && neighbour.bytes >= bytes) {
        neighbour.frames -= 1
        neighbour.bytes -= bytes
        return 'pass'
      }
      if (neighbour.droppingSince === undefined || now - neighbour.droppedAt > limits.calmMs)
        neighbour.droppingSince = now
      neighbour.droppedAt = now
      if (now - neighbour.droppingSince < limits.patienceMs || now < neighbour.awayUntil) return 'drop'
      neighbour.awayUntil = now + limits.awayMs
      neighbour.droppingSince = undefined
      return 'cut'
    },
    isAway: (from, now) => now < (neighbours.get(from)?.awayUntil ?? Number.NEGATIVE_INFINITY),
  }
}
