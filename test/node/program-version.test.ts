import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { PROGRAM_VERSION } from '../../src/node/program-version.ts'

it("is the package's", () => {
  expect(PROGRAM_VERSION).toBe((JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version)
})
