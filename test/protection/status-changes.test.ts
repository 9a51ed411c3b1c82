import { describe, expect, it } from 'vitest'
import { type Shown, statusChanges } from '../../src/protection/status-changes.ts'

const words = (before: Shown | undefined, now: Shown): string =>
  statusChanges(before, now, 'R2', ['s1', 's2', 's3'])
    .map(({ event, fields }) => [event, ...Object.entries(fields).map(([key, value]) => `${key}=${value}`)].join(' '))
    .join('; ')

const calm: Shown = { position: 'closed', pickup: false, groundPickup: false, tripped: false, entered: 0, left: 0 }

const cases: readonly (readonly [string, Shown | undefined, Shown, string])[] = [
  [
    'a first look is no change',
    undefined,
    { ...calm, tripped: true },
    'first-look device=R2 position=closed stands=relay-tripped',
  ],
  ['nothing changes', calm, calm, ''],
  ['a pickup', calm, { ...calm, pickup: true }, 'pickup'],
  ['a ground pickup', calm, { ...calm, pickup: true, groundPickup: true }, 'pickup ground=true'],
  ['ground comes to phase', { ...calm, pickup: true }, { ...calm, pickup: true, groundPickup: true }, 'ground-pickup'],
  ['a dropout', { ...calm, pickup: true }, calm, 'dropout'],
  [
    'a trip that opens',
    { ...calm, pickup: true },
    { ...calm, position: 'open', tripped: true },
    'position device=R2 position=open; dropout; relay-tripped',
  ],
  ['what a device does not show is no change', { ...calm, pickup: true }, { position: 'closed' }, ''],
  ['a flag that is shown for the first time, and stands', calm, { ...calm, hotLineTag: true }, 'hot-line-tag'],
  ['a flag that is shown for the first time, and does not', calm, { ...calm, hotLineTag: false }, ''],
  [
    'a passage through, and one that ends here',
    calm,
    { ...calm, entered: 0b110, left: 0b010, residualPu: 0.4 },
    'fault-passage entered=s2 s3 left=s2 residualPu=0.4',
  ],
  ['the end of it', { ...calm, entered: 0b110, left: 0b010 }, calm, 'fault-passage entered= left='],
]

describe('changes of the status', () => {
  for (const [name, before, now, said] of cases) it(name, () => expect(words(before, now)).toBe(said))
})
