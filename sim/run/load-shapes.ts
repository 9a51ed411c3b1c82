// How much of its value in the feeder file each load draws at a time: its shape over the day, times what prices and load
// changes make of it.

import type { FeederFile } from '../../topology/feeder-file.ts'
import { loadShare } from '../plant/load-shape.ts'
import type { Plant } from '../plant/plant-port.ts'
import type { LoadShape, SimScenario } from './scenario-schema.ts'

/** A share at a time of day in seconds; days repeat. */
export type ShareAt = (secondsOfDay: number) => number

export interface LoadResponse {
  readonly loads: 'all' | readonly string[]
  readonly share: number
}

export interface LoadShares {
  /** Whether anything but the plant's own day is asked for. */
  readonly isNeeded: boolean
  apply(plant: Plant, secondsOfDay: number, responses: readonly LoadResponse[]): void
}

const DAY_SECONDS = 86_400

export const secondsOf = (timeOfDay: string): number => {
  const [hours = 0, minutes = 0, seconds = 0] = timeOfDay.split(':').map(Number)
  return hours * 3600 + minutes * 60 + seconds
}

export function shareAt(shape: LoadShape): ShareAt {
  if (shape === 'day') return loadShare
  if (shape === 'flat') return () => 1
  const points = shape.map(([at, share]) => ({ at: secondsOf(at), share })).sort((one, other) => one.at - other.at)
  return secondsOfDay => {
    const at = ((secondsOfDay % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS
    const next = points.find(point => point.at > at) ?? points[0]
    const last = points.findLast(point => point.at <= at) ?? points.at(-1)
    if (next === undefined || last === undefined) return 1
    const length = (next.at - last.at + DAY_SECONDS) % DAY_SECONDS || DAY_SECONDS
    const gone = (at - last.at + DAY_SECONDS) % DAY_SECONDS
    return last.share + ((next.share - last.share) * gone) / length
  }
}

export function loadShares(scenario: SimScenario, { loads }: FeederFile): LoadShares {
  const shapes = new Map(loads.map(({ name }) => [name, scenario.loadShapes[name] ?? scenario.loadShape]))
  const shares = new Map([...shapes].map(([name, shape]) => [name, shareAt(shape)]))
  return {
    isNeeded: [...shapes.values()].some(shape => shape !== 'day'),
    apply(plant, secondsOfDay, responses) {
      for (const [name, own] of shares) {
        const factors = responses.filter(each => each.loads === 'all' || each.loads.includes(name))
        const isPlain = factors.length === 0 && shapes.get(name) === 'day'
        const share = factors.reduce((product, each) => product * each.share, own(secondsOfDay))
        plant.setLoadShare(name, isPlain ? undefined : share)
      }
    },
  }
}
