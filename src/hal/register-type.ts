// The forms a value takes in 16-bit registers.

export const REGISTER_TYPES = [
  'uint16',
  'int16',
  'uint32',
  'int32',
  'uint64',
  'int64',
  'float32',
  'bool',
  'bits16',
] as const
export type RegisterType = (typeof REGISTER_TYPES)[number]

/** Order of the bytes of 0xAABBCCDD over two registers. With 64 bits the words of CDAB and DCBA run backwards too. */
export const WORD_ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const
export type WordOrder = (typeof WORD_ORDERS)[number]

const WORDS: Record<RegisterType, number> = {
  uint16: 1,
  int16: 1,
  bits16: 1,
  bool: 1,
  uint32: 2,
  int32: 2,
  float32: 2,
  uint64: 4,
  int64: 4,
}

/** Registers that a value takes; a bool takes one coil or discrete input. */
export const wordsOf = (type: RegisterType): number => WORDS[type]
