// All that tests leave in the temporary folder goes into one of the run's own, which ends with the run.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export default function setUp(): () => void {
  const before = process.env['TMPDIR']
  const own = mkdtempSync(join(before ?? tmpdir(), 'feedermesh-test-'))
  process.env['TMPDIR'] = own
  return () => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    rmSync(own, { recursive: true, force: true, maxRetries: 3 })
  }
}
