// Sine, cosine, arc tangent, exponential and logarithm from additions, multiplications, divisions and square roots alone.
//
// JavaScript leaves the last digits of Math.sin and its like to each engine, and one digit is enough to send two runs of
// the simulator apart. The arithmetic of IEEE 754 is exact to the last bit everywhere, and so are these. Coefficients
// and reductions as published in fdlibm (Sun Microsystems, 1993); errors stay below 1e-15 of the result's scale.

const HALF_PI_HIGH = 1.5707963267341256
const HALF_PI_MIDDLE = 6.077100506303966e-11
const HALF_PI_LOW = 2.0222662487959506e-21

const SINE = [
  -0.16666666666666632, 0.00833333333332249, -0.0001984126982985795, 2.7557313707070068e-6, -2.5050760253406863e-8,
  1.58969099521155e-10,
]
const COSINE = [
  0.0416666666666666, -0.001388888888887411, 2.480158728947673e-5, -2.7557314351390663e-7, 2.087572321298175e-9,
  -1.1359647557788195e-11,
]
const ARC_TANGENT = [
  0.3333333333333293, -0.19999999999876483, 0.14285714272503466, -0.11111110405462356, 0.09090887133436507,
  -0.0769187620504483, 0.06661073137387531, -0.058335701337905735, 0.049768779946159324, -0.036531572744216916,
  0.016285820115365782,
]

const polynomial = (coefficients: readonly number[], z: number): number => {
  let sum = 0
  for (let n = coefficients.length - 1; n >= 0; n--) sum = sum * z + (coefficients[n] as number)
  return sum
}

/** Radians within ±1e6, beyond which a quarter turn is no longer subtracted exactly. */
export function sine(radians: number): number {
  const { rest, quarter } = withinQuarter(radians)
  const value = quarter % 2 === 0 ? sineOf(rest) : cosineOf(rest)
  return quarter >= 2 ? -value : value
}

/** Radians within ±1e6. */
export function cosine(radians: number): number {
  const { rest, quarter } = withinQuarter(radians)
  const value = quarter % 2 === 0 ? cosineOf(rest) : sineOf(rest)
  return quarter === 1 || quarter === 2 ? -value : value
}

/** @returns what is left within ±π/4, and the number of quarter turns taken off, 0 to 3 */
function withinQuarter(radians: number): { rest: number; quarter: number } {
  const turns = Math.round(radians * (2 / Math.PI))
  const rest = radians - turns * HALF_PI_HIGH - turns * HALF_PI_MIDDLE - turns * HALF_PI_LOW
  return { rest, quarter: ((turns % 4) + 4) % 4 }
}

const sineOf = (x: number): number => x + x * x * x * polynomial(SINE, x * x)
const cosineOf = (x: number): number => 1 - x * x * 0.5 + x * x * x * x * polynomial(COSINE, x * x)

/** The angle of the point (x, y), -π to π; 0 at the origin. */
export function arctangent(y: number, x: number): number {
  if (y === 0 && x === 0) return 0
  const steep = Math.abs(y) > Math.abs(x)
  const ratio = steep ? Math.abs(x) / Math.abs(y) : Math.abs(y) / Math.abs(x)
  const first = steep ? Math.PI / 2 - arcTangentOf(ratio) : arcTangentOf(ratio)
  const upper = x < 0 ? Math.PI - first : first
  return y < 0 ? -upper : upper
}

/** The same in degrees, -180 to 180. */
export const arctangentDegrees = (y: number, x: number): number => (arctangent(y, x) / Math.PI) * 180

const ARC_TANGENT_OF_HALF = 0.4636476090008061

/** @param t 0 to 1 */
function arcTangentOf(t: number): number {
  if (t < 0.4375) return smallArcTangent(t)
  return t < 0.6875
    ? ARC_TANGENT_OF_HALF + smallArcTangent((2 * t - 1) / (2 + t))
    : Math.PI / 4 + smallArcTangent((t - 1) / (t + 1))
}

const smallArcTangent = (t: number): number => t - t * t * t * polynomial(ARC_TANGENT, t * t)

const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10
const EXPONENTIAL = [
  0.16666666666666602, -0.0027777777777015593, 6.613756321437934e-5, -1.6533902205465252e-6, 4.1381367970572385e-8,
]
const LOGARITHM = [
  0.6666666666666735, 0.3999999999940942, 0.2857142874366239, 0.22222198432149784, 0.1818357216161805,
  0.15313837699209373, 0.14798198605116586,
]

/** e to the power of x; 0 below -745, infinite above 709. */
export function exponential(x: number): number {
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY
  if (x < -745) return 0
  const power = Math.round(x / Math.LN2)
  const high = x - power * LN2_HIGH
  const low = power * LN2_LOW
  const rest = high - low
  const t = rest * rest
  const c = rest - t * polynomial(EXPONENTIAL, t)
  return timesPowerOfTwo(1 - (low - (rest * c) / (2 - c) - high), power)
}

/** Natural logarithm of a positive finite number. */
export function logarithm(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN
  let mantissa = x
  let power = 0
  for (; mantissa >= Math.SQRT2; mantissa /= 2) power++
  for (; mantissa < Math.SQRT1_2; mantissa *= 2) power--
  const f = mantissa - 1
  const s = f / (2 + f)
  const z = s * s
  const half = 0.5 * f * f
  return power * LN2_HIGH - (half - (s * (half + z * polynomial(LOGARITHM, z)) + power * LN2_LOW) - f)
}

/** A positive number to any power. Whole powers up to the square are exact to the last digit but one. */
export function power(base: number, exponent: number): number {
  if (exponent === 1) return base
  return exponent === 2 ? base * base : exponential(exponent * logarithm(base))
}

/** Exact: doubling and halving lose nothing above the smallest numbers. */
function timesPowerOfTwo(x: number, power: number): number {
  let result = x
  for (let n = power; n > 0; n--) result *= 2
  for (let n = power; n < 0; n++) result /= 2
  return result
}
