declare module 'fft.js' {
  export default class FFT {
    constructor(size: number)
    readonly size: number
    /** Cosine and negative sine of each step, in turn. */
    readonly table: number[]
    createComplexArray(): number[]
    realTransform(output: number[], input: ArrayLike<number>): void
  }
}
