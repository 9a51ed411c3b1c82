// A small assembler for WebAssembly: instructions as nested lists of bytes, put together by functions whose names say what
// they do, and a module with one page of memory of its own. It has what `chacha20-poly1305.ts` needs and nothing else.

/** Bytes of instructions: a value on the stack, or something done. */
export type Code = number | readonly Code[]

/** Declared here, because Node has it and its types do not. */
interface Wasm {
  validate(bytes: Uint8Array): boolean
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}
const wasm = (globalThis as unknown as { readonly WebAssembly?: Wasm }).WebAssembly

export const I32 = 0x7f
export const I64 = 0x7e
export const V128 = 0x7b
export type Type = typeof I32 | typeof I64 | typeof V128

export interface Routine {
  readonly parameters: readonly Type[]
  /** At most one. */
  readonly result?: Type
  /** Beyond the parameters, numbered on from them. */
  readonly locals: readonly Type[]
  readonly code: Code
  readonly exportedAs?: string
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]
}

function signedLeb(value: bigint): number[] {
  const low = Number(value & 0x7fn)
  const rest = value >> 7n
  const isLast = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0)
  return isLast ? [low] : [low | 0x80, ...signedLeb(rest)]
}

/** `align` is said to be 1 everywhere, which is right of every address. */
const at = (offset: number): Code => [0, ...leb(offset)]
const simd = (opcode: number): Code => [0xfd, ...leb(opcode)]
const two =
  (opcode: Code) =>
  (a: Code, b: Code): Code => [a, b, opcode]

export const get = (local: number): Code => [0x20, ...leb(local)]
export const set = (local: number, value: Code): Code => [value, 0x21, ...leb(local)]
export const call = (routine: number, ...values: Code[]): Code => [...values, 0x10, ...leb(routine)]
export const finish = (value: Code): Code => [value, 0x0f]
/** Runs the code once, and again as long as the value that it leaves is not zero. */
export const loop = (...code: Code[]): Code => [0x03, 0x40, ...code, 0x0d, 0, 0x0b]
export const when = (condition: Code, ...code: Code[]): Code => [condition, 0x04, 0x40, ...code, 0x0b]

export const i32 = {
  const: (value: number): Code => [0x41, ...signedLeb(BigInt(value))],
  add: two(0x6a),
  sub: two(0x6b),
  greater: two(0x4a),
  isZero: (value: Code): Code => [value, 0x45],
  /** The lesser of two, signed. */
  least: (a: Code, b: Code): Code => [a, b, a, b, 0x48, 0x1b],
} as const

export const i64 = {
  const: (value: bigint): Code => [0x42, ...signedLeb(BigInt.asIntN(64, value))],
  load: (address: Code, offset: number): Code => [address, 0x29, at(offset)],
  store: (address: Code, value: Code, offset: number): Code => [address, value, 0x37, at(offset)],
  add: two(0x7c),
  sub: two(0x7d),
  mul: two(0x7e),
  and: two(0x83),
  or: two(0x84),
  xor: two(0x85),
  shl: (value: Code, bits: number): Code => [value, 0x42, signedLeb(BigInt(bits)), 0x86],
  shrU: (value: Code, bits: number): Code => [value, 0x42, signedLeb(BigInt(bits)), 0x88],
  shrS: (value: Code, bits: number): Code => [value, 0x42, signedLeb(BigInt(bits)), 0x87],
  /** One when the first is less, unsigned. */
  isLess: (a: Code, b: Code): Code => [a, b, 0x54, 0xad],
  of: (value: Code): Code => [value, 0xad],
} as const

export const v128 = {
  load: (address: Code, offset: number): Code => [address, simd(0x00), at(offset)],
  store: (address: Code, value: Code, offset: number): Code => [address, value, simd(0x0b), at(offset)],
  words: (...words: readonly [number, number, number, number]): Code => [
    simd(0x0c),
    ...words.flatMap(word => [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24]),
  ],
  /** The bytes of a value in another order. */
  bytes: (value: Code, order: readonly number[]): Code => [value, value, simd(0x0d), ...order],
  add32: two(simd(0xae)),
  xor: two(simd(0x51)),
  and: two(simd(0x4e)),
  or: two(simd(0x50)),
  shl32: (value: Code, bits: number): Code => [value, 0x41, bits, simd(0xab)],
  shr32: (value: Code, bits: number): Code => [value, 0x41, bits, simd(0xad)],
  /** With a number in its first word. */
  withFirst: (value: Code, word: Code): Code => [value, word, simd(0x1c), 0],
  half: (value: Code, index: 0 | 1): Code => [value, simd(0x1d), index],
  /** Zero when all bits are. */
  isAny: (value: Code): Code => [value, simd(0x53)],
} as const

const PAGES = 1

/** @returns what the module exports, its memory as `memory`; undefined where this runtime or processor cannot run it */
export function assemble<Exports>(routines: readonly Routine[]): Exports | undefined {
  const vector = (items: readonly Code[]): Code => [leb(items.length), items]
  const section = (id: number, content: Code): Code => {
    const bytes = flat(content)
    return [id, leb(bytes.length), bytes]
  }
  const sized = (content: Code): Code => {
    const bytes = flat(content)
    return [leb(bytes.length), bytes]
  }
  const name = (text: string): Code => sized([...text].map(letter => letter.charCodeAt(0)))
  const exported = routines.flatMap(({ exportedAs }, index) =>
    exportedAs === undefined ? [] : [[name(exportedAs), 0, leb(index)]],
  )
  const bytes = Uint8Array.from(
    flat([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(
        1,
        vector(
          routines.map(({ parameters, result }) => [
            0x60,
            vector(parameters),
            vector(result === undefined ? [] : [result]),
          ]),
        ),
      ),
      section(3, vector(routines.map((_, index) => leb(index)))),
      section(5, vector([[1, PAGES, PAGES]])),
      section(7, vector([[name('memory'), 2, 0], ...exported])),
      section(
        10,
        vector(routines.map(({ locals, code }) => sized([vector(locals.map(type => [1, type])), code, 0x0b]))),
      ),
    ]),
  )
  if (wasm?.validate(bytes) !== true) return undefined
  try {
    return new wasm.Instance(new wasm.Module(bytes)).exports as Exports
  } catch {
    // The engine reserves gigabytes of addresses for each memory: a process may be forbidden so many.
    return undefined
  }
}

function flat(code: Code): number[] {
  const bytes: number[] = []
  const add = (part: Code): void => {
    if (typeof part === 'number') bytes.push(part)
    else for (const each of part) add(each)
  }
  add(code)
  return bytes
}
