// The device maps that come with the agent, in the folder `maps` of the package. A configuration names one `shipped:NAME`.

import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PREFIX = 'shipped:'

export const isShipped = (map: string): boolean => map.startsWith(PREFIX)

/** The path of a map, shipped or not. Nothing when none of this name is shipped. */
export function shippedMapFile(map: string): string | undefined {
  if (!isShipped(map)) return map
  const name = map.slice(PREFIX.length)
  return shippedMaps().find(each => each.name === name)?.file
}

/** By name. */
export function shippedMaps(): { readonly name: string; readonly file: string }[] {
  const folder = mapsFolder()
  return readdirSync(folder)
    .filter(file => file.endsWith('.yaml'))
    .sort()
    .map(file => ({ name: file.slice(0, -'.yaml'.length), file: join(folder, file) }))
}

/** Beside `package.json`, which is one folder higher above the built files than above the sources. */
function mapsFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return join(folder, 'maps')
    if (folder === dirname(folder)) throw new Error('the folder of the shipped device maps is missing')
  }
}
