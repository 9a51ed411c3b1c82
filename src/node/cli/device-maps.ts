// The device maps that come with the agent, and a check of anybody's own.

import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import type { z } from 'zod'
import { parseDeviceMap } from '../../hal/device-map.ts'
import { shippedMapFile, shippedMaps } from '../../hal/shipped-maps.ts'
import { readText } from '../config.ts'
import { NodeError } from '../node-error.ts'
import { outputs } from './outputs.ts'
import { table } from './table.ts'

export const deviceMapsCommand = (): Command =>
  new Command('device-maps')
    .description('the device maps that come with the agent; with files, checks these')
    .argument('[files...]', 'maps to check: files, or shipped:NAME')
    .option('--print', 'print the file of each, to start an own one from', false)
    .option('--json', 'one JSON object', false)
    .action((files: readonly string[], { json, print }: { json: boolean; print: boolean }) => {
      const named = files.length === 0 ? shippedMaps().map(({ name }) => `shipped:${name}`) : files
      const paths = named.map(map => ({ map, file: fileOf(map) }))
      if (print) {
        for (const { file } of paths) process.stdout.write(readFileSync(file, 'utf8'))
        return
      }
      const maps = paths.map(({ map, file }) => rowOf(map, file))
      const answer = outputs['device-maps'].parse({ maps })
      process.stdout.write(json ? `${JSON.stringify(answer)}\n` : table(answer.maps.map(row)))
    })

function fileOf(map: string): string {
  const file = shippedMapFile(map)
  if (file === undefined) throw new NodeError('BAD_INPUT', `${map}: no such map is shipped, see feedermesh device-maps`)
  return file
}

/** @throws DeviceMapError with every fault of the map */
function rowOf(map: string, file: string) {
  const { name, source, points, operations } = parseDeviceMap(readText(file, 'device map'), file)
  return {
    map,
    device: name,
    points: points.length,
    operations: Object.keys(operations),
    ...(source === undefined ? {} : { source }),
  }
}

type MapRow = z.infer<(typeof outputs)['device-maps']>['maps'][number]

const row = ({ operations, source = '', ...rest }: MapRow) => ({
  ...rest,
  operations: operations.join(' '),
  source,
})
