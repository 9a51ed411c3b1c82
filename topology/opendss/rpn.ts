// OpenDSS's in-line maths: `(8 1000 /)`, in reverse Polish notation, angles in degrees.

const RADIANS = Math.PI / 180

const ONE: Readonly<Record<string, (x: number) => number>> = {
  sqr: x => x * x,
  sqrt: Math.sqrt,
  inv: x => 1 / x,
  ln: Math.log,
  log10: Math.log10,
  exp: Math.exp,
  sin: x => Math.sin(x * RADIANS),
  cos: x => Math.cos(x * RADIANS),
  tan: x => Math.tan(x * RADIANS),
  asin: x => Math.asin(x) / RADIANS,
  acos: x => Math.acos(x) / RADIANS,
  atan: x => Math.atan(x) / RADIANS,
}

const TWO: Readonly<Record<string, (x: number, y: number) => number>> = {
  '+': (x, y) => x + y,
  '-': (x, y) => x - y,
  '*': (x, y) => x * y,
  '/': (x, y) => x / y,
  '^': (x, y) => x ** y,
  atan2: (x, y) => Math.atan2(x, y) / RADIANS,
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[ed][+-]?\d+)?$/i

/** A number or a calculation; undefined when it is neither, or has no finite result. */
export function calculated(text: string): number | undefined {
  const stack: number[] = []
  for (const word of text.toLowerCase().split(/[\s,]+/)) {
    if (word === '') continue
    if (NUMBER.test(word)) stack.push(Number(word.replace('d', 'e')))
    else if (word === 'pi') stack.push(Math.PI)
    else if (!apply(word, stack)) return undefined
  }
  const [result, ...others] = stack
  return result !== undefined && others.length === 0 && Number.isFinite(result) ? result : undefined
}

/** @returns false for an unknown word, or too few numbers for it */
function apply(word: string, stack: number[]): boolean {
  const two = Object.hasOwn(TWO, word) ? TWO[word] : undefined
  const one = Object.hasOwn(ONE, word) ? ONE[word] : undefined
  const last = stack.pop()
  if (last === undefined) return false
  if (one) stack.push(one(last))
  else {
    const first = stack.pop()
    if (first === undefined) return false
    if (two) stack.push(two(first, last))
    else if (word === 'swap') stack.push(last, first)
    else return false
  }
  return true
}
