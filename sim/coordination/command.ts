// `feedermesh protection coordination`: computes, prints, draws.

import { writeFileSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { exitCodes, NodeError } from '../../src/node/node-error.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { nearestName } from '../../topology/nearest-name.ts'
import { readFeederFile } from '../../topology/read-any.ts'
import { interruptsByItself } from '../sweep/way-of-fault.ts'
import { coordinationOf } from './coordination.ts'
import { drawnCurves, longestWay } from './drawn-curves.ts'
import { stateWith, tieStates } from './study-state.ts'
import { coordinationText } from './text.ts'
import { timeCurrentSvg } from './time-current-svg.ts'

export interface CoordinationArguments {
  readonly feederPath: string
  readonly open: readonly string[]
  readonly close: readonly string[]
  /** Also fed over each tie, from either side. */
  readonly ties: boolean
  readonly intervalMs: number | undefined
  readonly groundOhm: number
  readonly allow: readonly string[]
  readonly svg: string | undefined
  /** To draw; undefined: the longest way from a source. */
  readonly devices: readonly string[] | undefined
  /** Draws the ground elements in place of the phase elements. */
  readonly ground: boolean
  readonly json: boolean
  readonly out: Writable
  readonly error: Writable
}

/** @returns the exit code. @throws NodeError, TopologyError for bad input */
export function coordination(given: CoordinationArguments): number {
  const { feeder: file } = readFeederFile(given.feederPath)
  const nameOf = deviceNames(file)
  const drawing = given.devices !== undefined ? '--devices' : given.ground ? '--ground' : undefined
  if (drawing !== undefined && given.svg === undefined) {
    throw new NodeError('BAD_INPUT', `${drawing}: says what --svg draws, want --svg FILE too`)
  }
  if (!file.devices.some(interruptsByItself)) {
    const want = 'want relay settings of a breaker or recloser, or the curve of a fuse'
    throw new NodeError('BAD_INPUT', `${given.feederPath}: no device of ${file.name} interrupts by itself, ${want}`)
  }
  const asked = stateWith(
    file,
    given.open.map(name => nameOf('--open', name)),
    given.close.map(name => nameOf('--close', name)),
  )
  const { answer, studies } = coordinationOf(file, {
    states: [asked, ...(given.ties ? tieStates(file) : [])],
    intervalMs: given.intervalMs,
    groundOhm: given.groundOhm,
    allowed: new Set(given.allow.flatMap(text => pairOf(text, nameOf))),
  })
  const [study] = studies
  if (given.svg !== undefined && study !== undefined) {
    const names = given.devices?.map(name => nameOf('--devices', name)) ?? longestWay(study)
    const missing = names.find(name => !study.stretches.some(({ device }) => device.name === name))
    if (missing !== undefined) {
      const want = 'want devices that interrupt by themselves and are closed and live in this state'
      throw new NodeError('BAD_INPUT', `--devices: ${missing} has no curve, ${want}`)
    }
    const quantity = given.ground ? 'residual' : 'phase'
    write(given.svg, timeCurrentSvg(drawnCurves(study, names, quantity, asked.title)), given.out)
    if (given.svg !== '-') given.error.write(`${given.svg}: written\n`)
  }
  if (given.json) given.out.write(`${JSON.stringify(answer)}\n`)
  else if (given.svg !== '-') given.out.write(coordinationText(answer))
  return answer.ok ? exitCodes.done : exitCodes.expectationFailed
}

type NameOf = (option: string, typed: string) => string

function deviceNames(file: FeederFile): NameOf {
  const names = file.devices.map(({ name }) => name)
  return (option, typed) => {
    const found = names.find(name => name === typed) ?? names.find(name => name.toLowerCase() === typed.toLowerCase())
    if (found !== undefined) return found
    const near = nearestName(typed, names)
    const hint = near === undefined ? '' : `, want ${near}?`
    throw new NodeError('BAD_INPUT', `${option}: "${typed}" — feeder ${file.name} has no such device${hint}`)
  }
}

/** Either way round: whoever knows the pair need not know which one is nearer to the source. */
function pairOf(text: string, nameOf: NameOf): string[] {
  const [one, other, more] = text.split('/')
  if (one === undefined || other === undefined || more !== undefined) {
    throw new NodeError('BAD_INPUT', `--allow: "${text}" — not understood, want DEVICE/DEVICE`)
  }
  const [first, second] = [nameOf('--allow', one), nameOf('--allow', other)]
  return [`${first}/${second}`, `${second}/${first}`]
}

function write(path: string, text: string, out: Writable): void {
  if (path === '-') {
    out.write(text)
    return
  }
  try {
    writeFileSync(path, text)
  } catch (cause) {
    const want = 'want a file that can be written'
    throw new NodeError('BAD_INPUT', `--svg ${path}: ${(cause as Error).message}, ${want}`, { cause })
  }
}
