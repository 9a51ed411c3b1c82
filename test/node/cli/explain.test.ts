// What the command line says of an error, and how it ends.

import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { explain } from '../../../src/node/cli/explain.ts'
import { exitCodes } from '../../../src/node/node-error.ts'

const caught = (run: () => void): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

it('a file that cannot be written is one line, and bad input', () => {
  expect(explain(caught(() => writeFileSync('/no-such-place/july.proof', '')))).toEqual({
    line: "/no-such-place/july.proof: ENOENT: no such file or directory, open '/no-such-place/july.proof'",
    code: exitCodes.badInput,
  })
})

it('what nobody expected is an internal error, with where it happened', () => {
  const { line, code } = explain(new TypeError('no such thing'))
  expect(line).toMatch(/^internal error, please report it: TypeError: no such thing\n {4}at /)
  expect(code).toBe(exitCodes.internal)
})
