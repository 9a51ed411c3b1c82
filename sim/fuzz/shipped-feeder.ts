// The feeder that a command means: a file, or a shipped one by its name.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { readFeederFile } from '../../topology/read-any.ts'
import { shippedDir } from '../run/read-scenario.ts'

/** @throws TopologyError, which names the file and what is wrong in it */
export const readShippedFeeder = (named: string): FeederFile => readFeederFile(feederPath(named)).feeder

export function feederPath(named: string): string {
  const shipped = join(shippedDir(), 'topology', 'feeders', `${named}.yaml`)
  return existsSync(named) || !existsSync(shipped) ? named : shipped
}
