// ChaCha20-Poly1305 (RFC 8439) as a WebAssembly module, put together here. Node's own needs an object for each message, and
// making one, and collecting it as garbage, takes several times as long as sealing a short datagram does.
//
// Two ChaCha blocks are made at a time, each as four rows of four words. Poly1305 counts in five limbs of 26 bits. No
// branch and no address depends on a secret, and what is left of keys is overwritten before a call returns; what the
// engine keeps on its stack is out of reach. test/mesh/chacha20-poly1305.test.ts holds it against OpenSSL and the RFC.

import {
  assemble,
  type Code,
  call,
  finish,
  get,
  I32,
  I64,
  i32,
  i64,
  loop,
  type Routine,
  set,
  type Type,
  V128,
  v128,
  when,
} from './wasm-assembler.ts'

export interface ChaCha20Poly1305 {
  /** Key (32 bytes), nonce (12) and 4 of nothing at `HEAD`, then what is authenticated, the text, and room for the tag. */
  readonly memory: Uint8Array
  /** Seals the text in place, and puts the tag behind it. The key is erased. */
  seal(textBytes: number, headerBytes: number): void
  /** Opens the text in place when the tag behind it is right. The key is erased. @returns 1 if so, else 0 */
  open(textBytes: number, headerBytes: number): number
}

export const KEY_BYTES = 32
export const NONCE_BYTES = 12
export const TAG_BYTES = 16
/** Of header and text. */
export const MAX_BYTES = 32_768

/** In memory: two blocks of key stream, the first with the key of the tag, and two of those that follow. */
const FIRST = 0
const SECOND = 128
const TAG = 256
/** Sixteen bytes of ones, then sixteen of zeros: what is read from 16 - n masks all but the first n. */
const MASK = 272
export const HEAD = 320
const NONCE = HEAD + 32
export const HEADER = HEAD + 48
const BLOCK = 64

// ChaCha20 -----------------------------------------------------------------------------------------------------------

const CONSTANTS = v128.words(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574)

/** Each word of four turned left. */
const turned = (bits: number, local: number): Code => {
  const bytes = bits / 8
  return Number.isInteger(bytes)
    ? v128.bytes(
        get(local),
        Array.from({ length: 16 }, (_, at) => (at & ~3) | ((at - bytes) & 3)),
      )
    : v128.or(v128.shl32(get(local), bits), v128.shr32(get(local), 32 - bits))
}

/** The words of a row moved to the left, so that diagonals become columns. */
const moved = (local: number, words: number): Code =>
  set(
    local,
    v128.bytes(
      get(local),
      Array.from({ length: 16 }, (_, at) => (at + 4 * words) % 16),
    ),
  )

/** A quarter round of all columns of both blocks, step by step in turn, so that neither waits for the other. */
function quarterRounds(blocks: readonly (readonly [number, number, number, number])[]): Code {
  const both = (step: (rows: readonly [number, number, number, number]) => Code): Code => blocks.map(step)
  const mix = (a: 0 | 2, b: 1 | 3, d: 1 | 3, bits: number): Code => [
    both(rows => set(rows[a], v128.add32(get(rows[a]), get(rows[b])))),
    both(rows => set(rows[d], v128.xor(get(rows[d]), get(rows[a])))),
    both(rows => set(rows[d], turned(bits, rows[d]))),
  ]
  return [mix(0, 1, 3, 16), mix(2, 3, 1, 12), mix(0, 1, 3, 8), mix(2, 3, 1, 7)]
}

/** Writes two blocks. Parameters: the first one's number, and where to. */
function keyStream(): Routine {
  const [number, to, left] = [0, 1, 2]
  const blocks = [
    [3, 4, 5, 6],
    [7, 8, 9, 10],
  ] as const
  const head = i32.const(HEAD)
  const last = (block: number): Code =>
    v128.withFirst(v128.load(i32.const(NONCE - 4), 0), i32.add(get(number), i32.const(block)))
  const rowsAtStart = (block: number): readonly Code[] => [
    CONSTANTS,
    v128.load(head, 0),
    v128.load(head, 16),
    last(block),
  ]
  const diagonals = (words: readonly [number, number, number]): Code =>
    blocks.map(([, b, c, d]) => [moved(b, words[0]), moved(c, words[1]), moved(d, words[2])])
  return {
    parameters: [I32, I32],
    locals: [I32, ...Array.from({ length: 8 }, (): Type => V128)],
    code: [
      blocks.map((rows, block) => rowsAtStart(block).map((value, row) => set(rows[row] as number, value))),
      set(left, i32.const(10)),
      loop(
        quarterRounds(blocks),
        diagonals([1, 2, 3]),
        quarterRounds(blocks),
        diagonals([3, 2, 1]),
        set(left, i32.sub(get(left), i32.const(1))),
        get(left),
      ),
      blocks.map((rows, block) =>
        rowsAtStart(block).map((value, row) =>
          v128.store(get(to), v128.add32(get(rows[row] as number), value), block * BLOCK + row * 16),
        ),
      ),
    ],
  }
}
const KEY_STREAM = 0

/** Combines the text with the key stream from its second block on; the first two are there. Parameters: bytes, where. */
function encipher(): Routine {
  const [left, at, number] = [0, 1, 2]
  const combine = (from: number, rows: number): Code =>
    Array.from({ length: rows }, (_, row) =>
      v128.store(get(at), v128.xor(v128.load(get(at), row * 16), v128.load(i32.const(from), row * 16)), row * 16),
    )
  const advance = (bytes: number): Code => [
    set(left, i32.sub(get(left), i32.const(bytes))),
    set(at, i32.add(get(at), i32.const(bytes))),
  ]
  return {
    parameters: [I32, I32],
    locals: [I32],
    code: [
      combine(FIRST + BLOCK, 4),
      advance(BLOCK),
      set(number, i32.const(2)),
      when(
        i32.greater(get(left), i32.const(0)),
        loop(
          call(KEY_STREAM, get(number), i32.const(SECOND)),
          combine(SECOND, 8),
          advance(2 * BLOCK),
          set(number, i32.add(get(number), i32.const(2))),
          i32.greater(get(left), i32.const(0)),
        ),
      ),
    ],
  }
}
const ENCIPHER = 1

// Poly1305 -----------------------------------------------------------------------------------------------------------

const LIMB = 0x3ffffffn

/** A number of 128 bits, given as two halves, in limbs. */
function limbsOf(low: number, high: number): readonly Code[] {
  const masked = (value: Code): Code => i64.and(value, i64.const(LIMB))
  return [
    masked(get(low)),
    masked(i64.shrU(get(low), 26)),
    masked(i64.or(i64.shrU(get(low), 52), i64.shl(get(high), 12))),
    masked(i64.shrU(get(high), 14)),
    i64.shrU(get(high), 40),
  ]
}

/** The tag of header and text, under the one-time key in the first block. Parameters: bytes of text, bytes of header. */
function authenticate(): Routine {
  const [text, header, left, at] = [0, 1, 2, 3]
  const [low, high, carry] = [4, 5, 6]
  const h = [7, 8, 9, 10, 11]
  const r = [12, 13, 14, 15, 16]
  /** Five times r: what passes 2^130 comes back so. */
  const s = [17, 18, 19, 20, 21]
  const d = [22, 23, 24, 25, 26]
  const block = 27
  const limb = (of: readonly number[], index: number): number => of[index] as number

  const product = (row: number): Code =>
    h
      .map((each, column): Code => {
        const factor = column <= row ? limb(r, row - column) : limb(s, 5 + row - column)
        return i64.mul(get(each), get(factor))
      })
      .reduce((sum, term) => i64.add(sum, term))

  /** What passes 26 bits of one limb goes to the next. */
  const carryOn = (from: readonly number[], index: number, to: number, times = 1n): Code => {
    const over = i64.shrU(get(limb(from, index)), 26)
    return [
      set(carry, times === 1n ? over : i64.mul(over, i64.const(times))),
      set(limb(h, index), i64.and(get(limb(from, index)), i64.const(LIMB))),
      set(to, i64.add(get(to), get(carry))),
    ]
  }

  /** Adds the sixteen bytes in `low` and `high`, and multiplies. */
  const absorb: Code = [
    limbsOf(low, high).map((value, index) => {
      const whole = index === 4 ? i64.or(value, i64.const(1n << 24n)) : value
      return set(limb(h, index), i64.add(get(limb(h, index)), whole))
    }),
    d.map((local, row) => set(local, product(row))),
    [0, 1, 2, 3].map(index => carryOn(d, index, limb(d, index + 1))),
    carryOn(d, 4, limb(h, 0), 5n),
    carryOn(h, 0, limb(h, 1)),
  ]

  /** All of so many bytes, the last block filled up with zeros. */
  const absorbAll = (bytes: Code, from: Code): Code => [
    set(left, bytes),
    set(at, from),
    when(
      i32.greater(get(left), i32.const(0)),
      loop(
        set(
          block,
          v128.and(
            v128.load(get(at), 0),
            v128.load(i32.sub(i32.const(MASK + 16), i32.least(get(left), i32.const(16))), 0),
          ),
        ),
        set(low, v128.half(get(block), 0)),
        set(high, v128.half(get(block), 1)),
        absorb,
        set(at, i32.add(get(at), i32.const(16))),
        set(left, i32.sub(get(left), i32.const(16))),
        i32.greater(get(left), i32.const(0)),
      ),
    ),
  ]

  const first = i32.const(FIRST)
  const oneTimeKey: Code = [
    set(low, i64.and(i64.load(first, 0), i64.const(0x0ffffffc0fffffffn))),
    set(high, i64.and(i64.load(first, 8), i64.const(0x0ffffffc0ffffffcn))),
    limbsOf(low, high).map((value, index) => set(limb(r, index), value)),
    s.map((local, index) => set(local, i64.mul(get(limb(r, index)), i64.const(5n)))),
  ]

  /** h is below 2^130 plus a little; here it is brought below 2^130 - 5 without asking which of the two it is. */
  const reduce: Code = [
    [1, 2, 3].map(index => carryOn(h, index, limb(h, index + 1))),
    carryOn(h, 4, limb(h, 0), 5n),
    carryOn(h, 0, limb(h, 1)),
    set(carry, i64.const(5n)),
    [0, 1, 2, 3].map(index => [
      set(limb(d, index), i64.add(get(limb(h, index)), get(carry))),
      set(carry, i64.shrU(get(limb(d, index)), 26)),
      set(limb(d, index), i64.and(get(limb(d, index)), i64.const(LIMB))),
    ]),
    set(limb(d, 4), i64.sub(i64.add(get(limb(h, 4)), get(carry)), i64.const(1n << 26n))),
    // All ones when it was below already.
    set(carry, i64.shrS(get(limb(d, 4)), 63)),
    h.map((local, index) =>
      set(local, i64.xor(get(limb(d, index)), i64.and(get(carry), i64.xor(get(local), get(limb(d, index)))))),
    ),
  ]

  const [h0, h1, h2, h3, h4] = h.map(get) as [Code, Code, Code, Code, Code]
  const addSecond: Code = [
    set(low, i64.or(i64.or(h0, i64.shl(h1, 26)), i64.shl(h2, 52))),
    set(high, i64.or(i64.or(i64.shrU(h2, 12), i64.shl(h3, 14)), i64.shl(h4, 40))),
    set(carry, i64.load(first, 16)),
    set(low, i64.add(get(low), get(carry))),
    set(carry, i64.isLess(get(low), get(carry))),
    set(high, i64.add(i64.add(get(high), i64.load(first, 24)), get(carry))),
    i64.store(i32.const(TAG), get(low), 0),
    i64.store(i32.const(TAG), get(high), 8),
  ]

  return {
    parameters: [I32, I32],
    locals: [I32, I32, ...Array.from({ length: 23 }, (): Type => I64), V128],
    code: [
      oneTimeKey,
      absorbAll(get(header), i32.const(HEADER)),
      absorbAll(get(text), i32.add(i32.const(HEADER), get(header))),
      set(low, i64.of(get(header))),
      set(high, i64.of(get(text))),
      absorb,
      reduce,
      addSecond,
    ],
  }
}
const AUTHENTICATE = 2

// Both ---------------------------------------------------------------------------------------------------------------

/** The key, the tag's own key and all key stream. */
const ERASE: Code = [FIRST, SECOND, HEAD].map(from =>
  Array.from({ length: from === HEAD ? 2 : 8 }, (_, row) =>
    v128.store(i32.const(from), v128.words(0, 0, 0, 0), row * 16),
  ),
)

function sealing(): Routine {
  const [text, header, at] = [0, 1, 2]
  return {
    parameters: [I32, I32],
    locals: [I32],
    code: [
      set(at, i32.add(i32.const(HEADER), get(header))),
      call(KEY_STREAM, i32.const(0), i32.const(FIRST)),
      call(ENCIPHER, get(text), get(at)),
      call(AUTHENTICATE, get(text), get(header)),
      v128.store(i32.add(get(at), get(text)), v128.load(i32.const(TAG), 0), 0),
      ERASE,
    ],
    exportedAs: 'seal',
  }
}

function opening(): Routine {
  const [text, header, at] = [0, 1, 2]
  const difference = v128.xor(v128.load(i32.add(get(at), get(text)), 0), v128.load(i32.const(TAG), 0))
  return {
    parameters: [I32, I32],
    result: I32,
    locals: [I32],
    code: [
      set(at, i32.add(i32.const(HEADER), get(header))),
      call(KEY_STREAM, i32.const(0), i32.const(FIRST)),
      call(AUTHENTICATE, get(text), get(header)),
      // Nothing of a text that is forged is ever deciphered.
      when(v128.isAny(difference), ERASE, finish(i32.const(0))),
      call(ENCIPHER, get(text), get(at)),
      ERASE,
      i32.const(1),
    ],
    exportedAs: 'open',
  }
}

/** @returns undefined where the processor or the runtime has no 128-bit vectors */
export function chacha20Poly1305(): ChaCha20Poly1305 | undefined {
  const made = assemble<{
    readonly memory: { readonly buffer: ArrayBuffer }
    readonly seal: ChaCha20Poly1305['seal']
    readonly open: ChaCha20Poly1305['open']
  }>([keyStream(), encipher(), authenticate(), sealing(), opening()])
  if (made === undefined) return undefined
  const memory = new Uint8Array(made.memory.buffer)
  memory.fill(0xff, MASK, MASK + 16)
  return { memory, seal: made.seal, open: made.open }
}
