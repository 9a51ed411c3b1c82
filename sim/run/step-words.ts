// What a step is called and what it says, in the field's words.

import { actionOf, type Step, type StepOf } from './step-schema.ts'

/** The scenario's, or `step-N`, counted from 1 in the order of the file. */
export const nameOf = (step: Step, index: number): string => step.name ?? `step-${index + 1}`

/** Seconds after which it ends by itself. */
export function endsAfter(step: Step): number | undefined {
  const value: unknown = (step as Readonly<Record<string, unknown>>)[actionOf(step)]
  return typeof value === 'object' && value !== null && 'forSeconds' in value ? Number(value.forSeconds) : undefined
}

export function wordsOf(step: Step): string {
  const lasts = endsAfter(step)
  return `${sentence(step)}${lasts === undefined ? '' : ` for ${lasts} s`}`
}

function sentence(step: Step): string {
  if ('fault' in step) return faultWords(step)
  if ('disturb' in step) return `sag to ${step.disturb.residualPu} pu on ${step.disturb.section}`
  if ('stuck' in step)
    return `${step.stuck.device}: ${step.stuck.what === 'relay' ? 'its relay is blind' : 'its contacts are stuck'}`
  if ('silent' in step) return `the field device of ${step.silent.ied} does not answer`
  if ('crash' in step) {
    return step.crash.what === 'machine' ? `${step.crash.agent} loses its power` : `kill -9 ${step.crash.agent}`
  }
  if ('cut' in step) return `the link between ${step.cut.between.join(' and ')} is cut`
  if ('partition' in step) {
    return `the network falls apart: ${step.partition.groups.map(group => group.join(', ')).join(' | ')} | the rest`
  }
  if ('network' in step) return `the network changes: ${pairs(step.network)}`
  if ('clockJump' in step) return `UTC of ${step.clockJump.agent} jumps by ${step.clockJump.bySeconds} s`
  if ('clockBad' in step) return `UTC of ${step.clockBad.agent} is not to be trusted`
  if ('diskFull' in step) return `the disk of ${step.diskFull.agent} is full`
  if ('lie' in step) return `${step.lie.agent} lies: ${step.lie.about.join(', ')}`
  if ('tamper' in step) return `${step.tamper.meter} registers ${percent(step.tamper.registersShare)} of what passes it`
  if ('price' in step) {
    return `the price is ${step.price.perKwh} per kWh: ${loadWords(step.price.loads)} at ${percent(step.price.share)}`
  }
  if ('load' in step) return `${loadWords(step.load.loads)} at ${percent(step.load.share)} of the usual`
  if ('operate' in step) {
    return `somebody ${step.operate.to === 'open' ? 'opens' : 'closes'} ${step.operate.device} by hand`
  }
  if ('generator' in step) {
    return `${step.generator.generator} is ${step.generator.connected ? 'connected' : 'disconnected'}`
  }
  return `${step.end} ends`
}

function faultWords({ fault }: StepOf<'fault'>): string {
  const { section, node, position = 0.5, kind, phases, resistanceOhm = 0 } = fault
  const where = node === undefined ? `on ${section}, ${percent(position)} along it` : `at node ${node}`
  const what = [kind ?? 'short circuit', phases?.join('')].filter(Boolean).join(' ')
  return `${what} ${where}${resistanceOhm > 0 ? ` through ${resistanceOhm} ohm` : ''}`
}

const loadWords = (loads: 'all' | readonly string[]): string => (loads === 'all' ? 'all loads' : loads.join(', '))
const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`
const pairs = (settings: object): string =>
  Object.entries(settings)
    .filter(([key]) => key !== 'forSeconds')
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(', ')
