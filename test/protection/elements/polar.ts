import type { Complex } from '../../../src/protection/power-quality/phasor.ts'

export const polar = (magnitude: number, degrees: number): Complex => ({
  re: magnitude * Math.cos((degrees * Math.PI) / 180),
  im: magnitude * Math.sin((degrees * Math.PI) / 180),
})
/** Three phases, each 120 degrees behind the one before. */
export const balanced = (magnitude: number, degrees = 0) => ({
  a: polar(magnitude, degrees),
  b: polar(magnitude, degrees - 120),
  c: polar(magnitude, degrees + 120),
})
