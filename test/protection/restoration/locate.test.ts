import { describe, expect, it } from 'vitest'
import { type DeviceFacts, locateFault } from '../../../src/protection/restoration/locate.ts'
import { createFeeder, type Feeder } from '../../../topology/feeder.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { feederOf } from '../../topology/build-feeder.ts'

/**
 * Facts in a line: `CB1:yes!` saw fault current and locked out, `SW1:yes`, `SW2:no`, `SW3:?` does not say, `SW2:yes>C` saw
 * it flow toward zone C, `SW1:yes@900` 900 ms ago; `/C=live` and `/C=dead` what it measures beside it. Those that are not named have told nothing.
 */
function told(line: string): Map<string, DeviceFacts> {
  return new Map(
    line.split(' ').map(word => {
      const [, name = '', seen = '', toward, ago, sides = '', mark] =
        /^([^:]+):(yes|no|\?)(?:>([^/!@]+))?(?:@(\d+))?((?:\/[^!/]+)*)(!)?$/.exec(word) ?? []
      const dead = Object.fromEntries(
        sides
          .split('/')
          .filter(Boolean)
          .map(side => side.split('='))
          .map(([zone = '', state]) => [zone, state === 'dead']),
      )
      const facts: DeviceFacts = {
        passage: seen === '?' ? 'unknown' : (seen as 'yes' | 'no'),
        ...(toward !== undefined && { toward }),
        ...(ago !== undefined && { passedAgoMs: Number(ago) }),
        dead,
        position: mark ? 'open' : 'closed',
        lockedOut: mark === '!',
      }
      return [name, facts]
    }),
  )
}

// DOMAIN: CB1–[A]–SW1–[B]–SW2–[C]–TIE(open)–[D]–SW3–[E]–CB2, here with the zones named after their first nodes.
const line = feederOf('S1*A A*B B*C C/D E*D S2*E', file => {
  file.sources.push({ name: 'second', node: 'S2', voltagePu: 1, angleDegrees: 0, holds: 'node' })
})
const [CB1, SW1, SW2, CB2] = ['S1.A', 'A.B', 'B.C', 'S2.E']

/** R feeds two branches. */
const fork = feederOf('S*R R*A A*B R*C C*D')

const withGenerator = (node: string, file: FeederFile): FeederFile => ({
  ...file,
  generators: [
    { name: 'G', node, kind: 'synchronous', kw: 500, kvar: 0, subtransientPercent: 20, faultCurrentPu: 1.2 },
  ],
})

function find(file: FeederFile, facts: string, prepare: (feeder: Feeder) => void = () => {}): string {
  const before = createFeeder(file)
  prepare(before)
  const located = locateFault({ before, facts: told(facts) })
  if (located.kind !== 'located') return located.kind
  return located.suspects.map(({ zones, lockedOut }) => `${zones.join('+')} by ${lockedOut}`).join(', ')
}

describe('the place of a fault', () => {
  const rows = [
    {
      it: 'is between the last device that saw it and the first that did not',
      facts: `${CB1}:yes! ${SW1}:yes ${SW2}:no`,
      is: 'B by S1.A',
    },
    {
      it: 'is in two zones when the device between them does not say',
      facts: `${CB1}:yes! ${SW1}:yes ${SW2}:?`,
      is: 'B+C by S1.A',
    },
    {
      it: 'is in two zones when the device between them is silent',
      facts: `${CB1}:yes! ${SW1}:yes`,
      is: 'B+C by S1.A',
    },
    {
      it: 'is where the last device saw it, when the answers differ by a little',
      facts: `${CB1}:yes@100! ${SW1}:yes@300 ${SW2}:no`,
      is: 'B by S1.A',
    },
    {
      it: 'may be on either side of a device that speaks of an earlier fault',
      facts: `${CB1}:yes@100! ${SW1}:yes@301 ${SW2}:no`,
      is: 'A+B by S1.A',
    },
    { it: 'is in the first zone when nobody below saw it', facts: `${CB1}:yes! ${SW1}:no ${SW2}:no`, is: 'A by S1.A' },
    { it: 'is in the last zone when all saw it', facts: `${CB1}:yes! ${SW1}:yes ${SW2}:yes`, is: 'C by S1.A' },
    {
      it: 'is below a silent device when one farther down saw it',
      facts: `${CB1}:yes! ${SW1}:? ${SW2}:yes`,
      is: 'C by S1.A',
    },
    { it: 'is anywhere below when nobody says anything', facts: `${CB1}:?! ${SW1}:? ${SW2}:?`, is: 'A+B+C by S1.A' },
    { it: 'is nowhere yet while a recloser may still clear it', facts: `${CB1}:yes ${SW1}:yes ${SW2}:no`, is: 'wait' },
    { it: 'is nowhere when nobody saw any', facts: `${CB1}:no ${SW1}:no`, is: 'no-fault' },
    {
      it: 'is undetermined when current came from nowhere',
      facts: `${CB1}:yes! ${SW1}:no ${SW2}:yes`,
      is: 'undetermined',
    },
    { it: 'is undetermined when what locked out saw none', facts: `${CB1}:no! ${SW1}:yes`, is: 'undetermined' },
    {
      it: 'is found on both sides of the tie at once',
      facts: `${CB1}:yes! ${SW1}:no ${CB2}:yes! E.D:yes`,
      is: 'A by S1.A, D by S2.E',
    },
    // Voltages: SW2 measures on both of its sides.
    {
      it: 'is not in a zone that has voltage',
      facts: `${CB1}:yes! ${SW1}:yes ${SW2}:?/B=dead/C=live`,
      is: 'B by S1.A',
    },
    { it: 'stays in a zone that is dead', facts: `${CB1}:yes! ${SW1}:yes ${SW2}:?/B=dead/C=dead`, is: 'B+C by S1.A' },
    {
      it: 'is undetermined where the only suspect has voltage',
      facts: `${CB1}:yes! ${SW1}:yes ${SW2}:no/B=live`,
      is: 'undetermined',
    },
    {
      it: 'is undetermined where two disagree about the voltage',
      facts: `${CB1}:yes! ${SW1}:yes/B=dead ${SW2}:no/B=live`,
      is: 'undetermined',
    },
    // Directions.
    {
      it: 'is above a device that saw current flow upward',
      facts: `${CB1}:yes! ${SW1}:yes ${SW2}:yes>B`,
      is: 'B by S1.A',
    },
    {
      it: 'is undetermined when the lockout was for current toward the source',
      facts: `${CB1}:yes>S1! ${SW1}:no`,
      is: 'undetermined',
    },
  ]
  for (const row of rows) it(row.it, () => expect(find(line, row.facts)).toBe(row.is))

  it('is not taken to lie below a device whose current a generator may have brought', () => {
    const file = withGenerator('C', line)
    expect(find(file, `${CB1}:yes! ${SW1}:yes>B ${SW2}:yes`)).toBe('B+C by S1.A')
    expect(find(file, `${CB1}:yes! ${SW1}:yes>B ${SW2}:yes>C`)).toBe('C by S1.A')
    expect(find(file, `${CB1}:yes! ${SW1}:yes>B ${SW2}:yes>B`)).toBe('B by S1.A')
  })

  it('is in two zones that have nothing to do with each other when both branches saw current', () => {
    expect(find(fork, 'S.R:yes! R.A:yes A.B:no R.C:yes C.D:yes')).toBe('A by S.R, D by S.R')
  })

  it('belongs to the device nearest above it that has locked out', () => {
    expect(find(fork, 'S.R:yes! R.A:yes! A.B:no R.C:no')).toBe('A by R.A')
  })

  it('is undetermined where a closed loop fed the zone', () => {
    const ring = feederOf('S*A A*B B*C C*A')
    expect(find(ring, 'S.A:yes! A.B:yes B.C:no C.A:yes')).toBe('undetermined')
  })

  it('is undetermined where a device has locked out and shows closed', () => {
    const facts = told(`${CB1}:yes! ${SW1}:no`)
    facts.set('S1.A', { ...(facts.get('S1.A') as DeviceFacts), position: 'closed' })
    const located = locateFault({ before: createFeeder(line), facts })
    expect(located).toEqual({
      kind: 'undetermined',
      why: ['S1.A says that it has locked out and shows closed, want open'],
    })
  })

  it('is told for the way that power flowed before, with the tie closed', () => {
    const found = find(line, `${CB2}:yes! E.D:yes C.D:yes ${SW2}:no`, feeder => {
      feeder.setPosition('C.D', 'closed')
      feeder.setPosition('A.B', 'open')
    })
    expect(found).toBe('C by S2.E')
  })

  it('says which device left it open', () => {
    const located = locateFault({ before: createFeeder(line), facts: told(`${CB1}:yes! ${SW1}:yes ${SW2}:?`) })
    expect(located).toMatchObject({ kind: 'located', why: ['B.C does not say whether fault current passed it'] })
  })
})
