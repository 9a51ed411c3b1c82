// The read-outs that print a table look for their rows where the answer's schema has them.

import { expect, it } from 'vitest'
import { outputs } from '../../../src/node/cli/outputs.ts'
import { type Readout, readoutCommands, rowsOf } from '../../../src/node/cli/readouts.ts'

it.each(readoutCommands().map(command => command.name() as Readout))('%s has its rows under the key it says', what => {
  expect(Object.keys(outputs[what].shape)).toContain(rowsOf(what))
})
