// What the instances of a site test ask each other about restoration: the question of the real protocol, after the number of the
// test. On a protocol of its own, so that nothing that is played ever gets to the live restoration.

export const TEST_RESTORATION_PROTOCOL = '/feedermesh/site-test/restoration/1.0.0'
const NUMBER_BYTES = 16

export const testQuestion = (test: string, question: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(test, 'hex'), question])

/** @returns the question, or undefined when it is of another test */
export function questionOf(test: string | undefined, bytes: Uint8Array): Uint8Array | undefined {
  const number = Buffer.from(bytes.subarray(0, NUMBER_BYTES)).toString('hex')
  return number === test ? bytes.subarray(NUMBER_BYTES) : undefined
}
