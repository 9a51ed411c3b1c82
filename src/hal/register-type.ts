// The forms a value takes in 16-bit registers.

/**
 * `uint8` and `int8` are one byte of a register. `bcd` has four decimal digits a register. `magnitude` has its sign in the top
 * bit and the amount in the others. `mod10k` has four decimal digits a register too, but as a number -9999..9999: the value
 * is the first × 10000 + the second, and so on. `string` is text, two characters a register.
 */
export const REGISTER_TYPES = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'uint48',
  'int48',
  'uint64',
  'int64',
  'float32',
  'float64',
  'bcd16',
  'bcd32',
  'bcd48',
  'bcd64',
  'magnitude16',
  'magnitude32',
  'magnitude64',
  'mod10k32',
  'mod10k48',
  'mod10k64',
  'bits16',
  'bits32',
  'bool',
  'string',
] as const
export type RegisterType = (typeof REGISTER_TYPES)[number]

/**
 * Order of the bytes of 0xAABBCCDD over two registers. With more than two registers the words of CDAB and DCBA run
 * backwards too. In text, BADC has the second character of each register first.
 */
export const WORD_ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const
export type WordOrder = (typeof WORD_ORDERS)[number]

/** Registers that a value takes; a bool takes one coil or discrete input, a text as many as its map says. */
export const wordsOf = (type: RegisterType, length = 1): number => {
  if (type === 'string') return length
  const bits = Number(/\d+$/.exec(type)?.[0] ?? 16)
  // `mod10k` names its own size after the ten thousand.
  return Math.max(1, bits / 16)
}

const family = (name: string): RegisterType[] => REGISTER_TYPES.filter(type => type.startsWith(name))
export const INTEGERS: readonly RegisterType[] = [...family('uint'), ...family('int')]
export const FLOATS: readonly RegisterType[] = family('float')
/** Whole numbers in other dress. */
export const DECIMALS: readonly RegisterType[] = [...family('bcd'), ...family('magnitude'), ...family('mod10k')]
export const BIT_FIELDS: readonly RegisterType[] = family('bits')
