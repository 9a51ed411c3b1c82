// One of the processes of a sweep: plays what it is handed, one fault at a time, and ends with its parent.

import '../../src/node/polyfill.ts'
import process from 'node:process'
import type { FeederFile } from '../../topology/feeder-file.ts'
import type { FromSweepProcess, ToSweepProcess } from './sweep.ts'
import { type CaseOptions, sweepCase } from './sweep-case.ts'

let given: { readonly file: FeederFile; readonly options: CaseOptions } | undefined

const tell = (message: FromSweepProcess): void => void process.send?.(message)

process.on('disconnect', () => process.exit())
// Ctrl-C reaches the whole group; the parent says what it means.
process.on('SIGINT', () => {})
process.on('message', (message: ToSweepProcess) => {
  if (message.kind === 'begin') {
    given = message
    return
  }
  if (given === undefined) return tell({ kind: 'failed', message: 'asked to play before the feeder was handed over' })
  const { index, fault } = message
  sweepCase(given.file, fault, given.options).then(
    results => tell({ kind: 'played', index, results }),
    (error: Error) =>
      tell({ kind: 'failed', message: `${fault.section}, ${fault.kind}: ${error.stack ?? error.message}` }),
  )
})

tell({ kind: 'ready' })
