// What is connected below a device, as rated current: what draws inrush when it gets its voltage back.
//
// Transformers of the file count with their rating. A load at the device's own voltage stands for the service transformers
// of many customers, which the file does not show: they count with the load's peak.

import type { Feeder } from '../../topology/feeder.ts'
import type { PerConnection, Phase } from '../../topology/feeder-file.ts'
import { PHASES } from '../solver/complex.ts'
import type { Amps } from './fault-study.ts'
import type { Stretch } from './stretches.ts'

type PerPhase = Record<Phase, number>

/**
 * In amperes at the device's voltage.
 *
 * @returns `phase`: of the largest phase; `residual`: what the phases that are connected to ground leave in their sum
 */
export function connectedAmps(feeder: Feeder, stretch: Stretch, nominalVolts: (node: string) => number): Amps {
  const { file } = feeder
  const volts = nominalVolts(stretch.nearNode)
  const isHere = (node: string): boolean => Math.abs(nominalVolts(node) - volts) < 1e-6 * volts
  const all: PerPhase = { a: 0, b: 0, c: 0 }
  const grounded: PerPhase = { a: 0, b: 0, c: 0 }
  for (const load of file.loads) {
    const node = load.node ?? feeder.section(load.along ?? '').from
    const isFed = load.node === undefined ? stretch.fed.sections.has(load.along ?? '') : stretch.fed.nodes.has(node)
    if (!isFed || !isHere(node)) continue
    for (const phase of PHASES) {
      const toGround = (kva(load.kw, load.kvar, phase) * 1000) / volts
      const between = connectionsOf(phase).map(pair => kva(load.kw, load.kvar, pair))
      all[phase] += toGround + (between.reduce((sum, each) => sum + each, 0) * 1000) / (volts * Math.sqrt(3))
      grounded[phase] += toGround
    }
  }
  for (const { section, kva: rating, phases, primary } of file.transformers) {
    const { name, from, phases: own } = feeder.section(section)
    if (!stretch.fed.sections.has(name) || !isHere(from)) continue
    const on = phases ?? own
    for (const phase of on) {
      const amps = (rating * 1000) / (on.length * volts)
      all[phase] += amps
      if (primary === 'wye') grounded[phase] += amps
    }
  }
  return { phase: Math.max(...Object.values(all)), residual: sumOfInrush(Object.values(grounded)) }
}

/**
 * One phase alone leaves all of it. Three are magnetised in one moment at different angles, so that the fundamentals of
 * their inrush partly cancel: about 0.7 of the largest is left.
 */
function sumOfInrush(phases: readonly number[]): number {
  const [least = 0, , most = 0] = [...phases].sort((one, other) => one - other)
  return least >= most / 2 ? 0.7 * most : most
}

const kva = (kw: PerConnection, kvar: PerConnection, key: keyof PerConnection): number =>
  Math.hypot(kw[key] ?? 0, kvar[key] ?? 0)

const connectionsOf = (phase: Phase): (keyof PerConnection)[] =>
  (['ab', 'bc', 'ca'] as const).filter(pair => pair.includes(phase))
