// Frequency, from how far a phasor turns in a cycle; and the cycle's length that all windows go by.
//
// The windows' length follows slowly and only while the voltage is steady: when a fault makes the phase jump, the angle
// between two phasors says nothing about frequency, and windows of a wrong length would see an RMS that is not there.

/** Beyond this nothing that turns is the power system's. A 60 Hz source at a 50 Hz feeder is within: that has to be said. */
const WIDEST = 0.22
/** Of each new value, into what the windows go by. */
const SHARE = 0.2
/** A frequency so far off comes from a jump of the phase, unless it stays. */
const JUMP_HZ = 0.5
const STAYS = 6
/** A magnitude that changes by more in a cycle is not steady; below the other, there is nothing to track. */
const STEADY = 0.02
const LEAST_PU = 0.1

interface Seen {
  readonly angle: number
  readonly magnitude: number
  /** In samples. */
  readonly at: number
}

export function frequencyTracker(samplesPerSecond: number, nominalHz: number) {
  let before: Seen | undefined
  let last: Seen | undefined
  let tracked = nominalHz
  let isLocked = false
  let jumps = 0

  return {
    /** What the windows go by. Nominal until something was tracked. */
    hz: (): number => tracked,
    isLocked: (): boolean => isLocked,
    /**
     * One phasor, about half a cycle after the one before. @param magnitudePu of nominal
     * @returns the frequency over the last cycle and whether the voltage was steady, or nothing when there was none to see
     */
    hear(
      angle: number,
      magnitudePu: number,
      at: number,
    ): { readonly hz: number; readonly isSteady: boolean } | undefined {
      const than = before
      before = last
      last = { angle, magnitude: magnitudePu, at }
      if (!(magnitudePu > LEAST_PU) || than === undefined || !(than.magnitude > LEAST_PU)) return undefined
      const span = at - than.at
      if (!(span > 0)) return undefined
      const expected = (2 * Math.PI * tracked * span) / samplesPerSecond
      const turned = angle - than.angle - expected
      const rest = turned - 2 * Math.PI * Math.round(turned / (2 * Math.PI))
      const hz = tracked + (rest * samplesPerSecond) / (2 * Math.PI * span)
      if (!(Math.abs(hz / nominalHz - 1) < WIDEST)) return undefined
      const isSteady = Math.abs(magnitudePu - than.magnitude) < STEADY
      if (isSteady) {
        const isJump = isLocked && Math.abs(hz - tracked) > JUMP_HZ
        jumps = isJump ? jumps + 1 : 0
        if (!isLocked || jumps >= STAYS) tracked = hz
        else if (!isJump) tracked += SHARE * (hz - tracked)
        isLocked = true
      }
      return { hz, isSteady }
    },
  }
}
