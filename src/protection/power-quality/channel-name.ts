// Measured channels by the names that the fields of a measurement have.

import type { PhaseName } from './samples.ts'

export const channelName = (quantity: 'volts' | 'amps', phase: PhaseName): string => `${quantity}.${phase}`
