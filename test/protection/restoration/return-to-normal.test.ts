import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { planReturn, type ReturnInput } from '../../../src/protection/restoration/return-to-normal.ts'
import { createFeeder } from '../../../topology/feeder.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'

const path = 'topology/feeders/loop-pair.yaml'
const file = parseFeeder(readFileSync(path, 'utf8'), path)

/** After a fault between CB-N and SW-N: both open, and all beyond SW-N fed through TR. */
function restored(more: Partial<ReturnInput> = {}): ReturnInput {
  const feeder = createFeeder(file)
  for (const device of ['CB-N', 'SW-N']) feeder.setPosition(device, 'open')
  feeder.setPosition('TR', 'closed')
  return { feeder, suspect: [], ...more }
}

const plan = (input: ReturnInput, isAllowed = false): string => {
  const { steps, left } = planReturn(input, () => isAllowed)
  const words = steps.map(({ kind, device, interrupts, parallels }) =>
    [
      kind,
      device,
      ...(interrupts.length > 0 ? [`(${interrupts.length} dark)`] : []),
      ...(parallels ? ['(parallel)'] : []),
    ].join(' '),
  )
  return [...words, ...left.map(({ device, why }) => `${device}: ${why}`)].join(', ')
}

describe('the return to the normal state', () => {
  it('opens the tie first, with a short interruption', () => {
    expect(plan(restored())).toBe('close CB-N, open TR (4 dark), close SW-N')
  })

  it('closes first where paralleling is allowed', () => {
    expect(plan(restored(), true)).toBe('close CB-N, close SW-N (parallel), open TR')
  })

  it('waits for the repair', () => {
    expect(plan(restored({ suspect: ['n2'] }))).toBe(
      'CB-N: a zone beside it may still have its fault, SW-N: a zone beside it may still have its fault, ' +
        'TR: n3, n3a, n4, n4a would be without supply',
    )
  })

  it('leaves the tie closed while what would feed its zones is tagged', () => {
    expect(plan(restored({ barred: new Map([['SW-N', 'crew tag']]) }))).toMatch(
      /^close CB-N, SW-N: crew tag, TR: .* would be without supply$/,
    )
  })

  it('feeds nothing from behind: what cannot be fed as ever stays dark', () => {
    const { feeder } = restored()
    feeder.setPosition('CB-N', 'closed')
    feeder.setPosition('RC-N', 'open')
    expect(plan({ feeder, suspect: [], barred: new Map([['SW-N', 'crew tag']]) })).toMatch(
      /^SW-N: crew tag, RC-N: n3 would be fed from behind, TR: n4, n4a would be without supply$/,
    )
  })

  it('opens at once what feeds nothing', () => {
    const feeder = createFeeder(file)
    feeder.setPosition('TR', 'closed')
    expect(plan({ feeder, suspect: [] })).toBe('open TR')
  })

  it('says of a suspect zone why nothing closes toward it', () => {
    expect(plan(restored({ suspect: ['n2'], whySuspect: new Map([['n2', 'a crew works there']]) }))).toMatch(
      /^CB-N: a crew works there, SW-N: a crew works there, TR: /,
    )
  })

  it('has nothing to do in the normal state', () => {
    expect(plan({ feeder: createFeeder(file), suspect: [] })).toBe('')
  })
})
