// A trace as if its IEDs had been asked.

import { expect, it } from 'vitest'
import { heardIn } from '../../../sim/run/trace-account.ts'
import { createTrace } from '../../../sim/runtime/trace.ts'

it('keeps by what a relay tripped, beside who says so', () => {
  const trace = createTrace(() => 1500)
  trace.add('relay-north', 'relay-trip', { id: 'relay-north/1/1', by: '51P fast', device: 'CB-N' })
  const { heard } = heardIn(trace.events, ['relay-north/1/1'])
  expect(heard).toMatchObject([
    {
      ied: 'relay-north',
      entries: [{ event: 'relay-trip', fields: { by: '51P fast', device: 'CB-N' }, linked: true }],
    },
  ])
})
