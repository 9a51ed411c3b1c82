// A colour for each zone, dark enough for lines on white, and not the colour of a zone beside it.

import type { Feeder } from '../feeder.ts'
import { groupBy } from '../group-by.ts'

/** After Okabe and Ito (2008), who chose for eyes that mix up red and green; darkened for thin lines on white. */
const COLOURS = [
  '#0067a5',
  '#c35a00',
  '#008060',
  '#b0448c',
  '#2b8fc7',
  '#8a6d00',
  '#6a4fb3',
  '#a3262a',
  '#4f7a1e',
  '#00787f',
  '#7a4b2a',
  '#5a5f69',
] as const

export const DARK_COLOUR = '#9aa3af'

/** By zone name. Zones in order take the first colour that no neighbour has and that is used least. */
export function zoneColours(feeder: Feeder): Map<string, string> {
  const beside = groupBy(
    feeder.zones.flatMap(zone => zone.boundary.map(device => ({ device, zone: zone.name }))),
    ({ device }) => device,
  )
  const colours = new Map<string, string>()
  const used = new Map<string, number>(COLOURS.map(colour => [colour, 0]))
  for (const { name, boundary } of feeder.zones) {
    const neighbours = boundary.flatMap(device => (beside.get(device) ?? []).map(({ zone }) => colours.get(zone)))
    const free = COLOURS.filter(colour => !neighbours.includes(colour))
    const least = (free.length > 0 ? free : COLOURS).reduce((best, colour) =>
      (used.get(colour) ?? 0) < (used.get(best) ?? 0) ? colour : best,
    )
    used.set(least, (used.get(least) ?? 0) + 1)
    colours.set(name, least)
  }
  return colours
}
