// Register images of SunSpec devices, laid out by the published models themselves: where a point stands is computed from the
// order and sizes of the points in ../shared/data/modbus/sunspec/model_*.json, never from the program's own tables.

import { existsSync, readFileSync } from 'node:fs'

const MODELS = '../shared/data/modbus/sunspec'
/** Why tests that need the published models are skipped, or undefined. */
export const WITHOUT = existsSync(`${MODELS}/model_1.json`) ? undefined : `needs the models under ${MODELS}`

interface Point {
  readonly name: string
  readonly type: string
  readonly size: number
  readonly sf?: string
}

const pointsOf = (id: number): Point[] => JSON.parse(readFileSync(`${MODELS}/model_${id}.json`, 'utf8')).group.points

/** What stands for a point that the device lacks. */
function notThere({ type, size }: Point): number[] {
  switch (type) {
    case 'int16':
    case 'sunssf':
    case 'pad':
      return [0x8000]
    case 'uint16':
    case 'enum16':
      return [0xffff]
    case 'float32':
      return [0x7fc0, 0]
    case 'bitfield32':
    case 'int32':
      return [0x8000, 0]
    default:
      return new Array(size).fill(0) // accumulators and texts
  }
}

export function encode({ type, size }: Pick<Point, 'type' | 'size'>, value: number | string): number[] {
  const bytes = Buffer.alloc(size * 2)
  if (typeof value === 'string') bytes.write(value, 'utf8')
  else if (type === 'float32') bytes.writeFloatBE(value)
  else if (size === 2) bytes.writeUInt32BE(value)
  else bytes.writeInt16BE(value > 0x7fff ? value - 0x10000 : value)
  return Array.from({ length: size }, (_, i) => bytes.readUInt16BE(2 * i))
}

export type Shown = Readonly<Record<string, number | string>>

/** One model's registers, id and length first. Points that are not named are not there. */
export function modelImage(id: number, shown: Shown): number[] {
  const points = pointsOf(id)
  const unknown = Object.keys(shown).filter(name => !points.some(point => point.name === name))
  if (unknown.length > 0) throw new Error(`model ${id} has no ${unknown.join(', ')}`)
  const registers = points.flatMap(point => {
    const value = shown[point.name]
    return value === undefined ? notThere(point) : encode(point, value)
  })
  return [id, registers.length - 2, ...registers.slice(2)]
}

export const SUNS = [0x5375, 0x6e53]
const END = [0xffff, 0]

/** A device at this base. */
export function imageAt(base: number, ...models: readonly (readonly number[])[]): Map<number, number> {
  return new Map([...SUNS, ...models.flat(), ...END].map((register, index) => [base + index, register]))
}
