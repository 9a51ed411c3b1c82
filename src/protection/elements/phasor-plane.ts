// What directional and sync elements ask of phasors.

import { wrapDegrees } from '../../../topology/phasor-math.ts'
import { arctangentDegrees } from '../../../topology/trigonometry.ts'
import type { Complex } from '../power-quality/phasor.ts'

export type { Complex }

export const degreesOf = ({ re, im }: Complex): number => arctangentDegrees(im, re)
export const minus = (one: Complex, other: Complex): Complex => ({ re: one.re - other.re, im: one.im - other.im })
export const negative = ({ re, im }: Complex): Complex => ({ re: -re, im: -im })
/** By how many degrees `one` leads `other`, in (-180, 180]. */
export const leads = (one: Complex, other: Complex): number => wrapDegrees(degreesOf(one) - degreesOf(other))
