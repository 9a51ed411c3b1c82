// TCC_Curve: operating time over the multiple of the pickup or rating, straight between its points on log-log paper.

import { type Circuit, setting } from './elements.ts'
import { fault, shown } from './fault.ts'
import { numbersOf, type Value } from './values.ts'

/** [multiple, seconds], multiples rising. */
export type Curve = readonly (readonly [number, number])[]

const MULTIPLES = [1.1, 1.3, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 50, 100]
/** IEEE C37.112: t = k / (M^α − 1) + c. */
const inverse = (k: number, alpha: number, c: number): Curve => MULTIPLES.map(m => [m, k / (m ** alpha - 1) + c])
const points = (multiples: readonly number[], seconds: readonly number[]): Curve =>
  multiples.map((multiple, n) => [multiple, seconds[n] ?? Number.NaN])

/** Those that OpenDSS has without being told (OpenDSS reference guide, TCC_Curve). */
const BUILT_IN: Readonly<Record<string, Curve>> = {
  a: points([1, 2.5, 4.5, 8, 14], [0.15, 0.07, 0.05, 0.045, 0.045]),
  d: points([1, 2.5, 4.5, 8, 14], [6, 0.7, 0.2, 0.06, 0.02]),
  tlink: points([2, 2.1, 3, 4, 6, 22, 50], [300, 100, 10.1, 4, 1.4, 0.1, 0.02]),
  klink: points([2, 2.2, 3, 4, 6, 30], [300, 20, 4, 1.3, 0.41, 0.02]),
  mod_inv: inverse(0.0515, 0.02, 0.114),
  very_inv: inverse(19.61, 2, 0.491),
  ext_inv: inverse(28.2, 2, 0.1217),
  definite: points([1, 1.001, 100], [300, 1, 1]),
}

/** @throws TopologyError for a curve that nobody defined, or that is none */
export function curveNamed({ text, label, at }: Value, circuit: Circuit): Curve {
  const name = text.toLowerCase()
  const element = circuit.elements.get('tcc_curve')?.get(name)
  const builtIn = Object.hasOwn(BUILT_IN, name) ? BUILT_IN[name] : undefined
  if (!element && builtIn) return builtIn
  if (!element) throw fault(at, `${label}: ${shown(text)}, no such TCC_Curve, want one that New made`)
  const curve = points(setting(element, 'c_array', numbersOf) ?? [], setting(element, 't_array', numbersOf) ?? [])
  const isCurve = curve.every(([multiple, seconds], n) => {
    return multiple > (curve[n - 1]?.[0] ?? 0) && seconds > 0
  })
  if (isCurve && curve.length > 0) return curve
  throw fault(element.at, `${element.label}: want C_array rising, and as many times above 0 in T_array`)
}

/** Beyond its ends a curve goes on level. */
export function secondsAt(curve: Curve, multiple: number): number {
  const above = curve.findIndex(([point]) => point >= multiple)
  const [m1, t1] = curve[above < 0 ? curve.length - 1 : Math.max(0, above - 1)] as readonly [number, number]
  const [m2, t2] = curve[above < 0 ? curve.length - 1 : above] as readonly [number, number]
  if (m1 === m2) return t1
  return Math.exp(Math.log(t1) + (Math.log(multiple / m1) / Math.log(m2 / m1)) * Math.log(t2 / t1))
}
