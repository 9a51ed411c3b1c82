// What `topology check` says: the counts, and what is right by the rules but hardly meant.

import type { z } from 'zod'
import type { Feeder } from '../../../topology/feeder.ts'
import type { FeederFile } from '../../../topology/feeder-file.ts'
import { groupBy } from '../../../topology/group-by.ts'
import type { outputs } from './outputs.ts'

/** Sentences, none for a feeder that is ready to run IEDs on. */
export function warningsOf(feeder: Feeder): string[] {
  const { file } = feeder
  const observed = new Set(file.ieds.flatMap(({ observes }) => observes))
  const metered = new Set(file.ieds.flatMap(({ meters }) => meters))
  const operated = new Set(file.ieds.flatMap(({ operates }) => operates ?? []))
  const dark = file.nodes.filter(({ name }) => feeder.energised(name) !== 'yes').map(({ name }) => name)
  const bare = file.sections
    .filter(({ lengthM, lineCode, impedance }) => lengthM > 0 && lineCode === undefined && !impedance)
    .map(({ name }) => name)
  const warnings = [
    listed(bare, 'section has a length but no impedance', 'sections have a length but no impedance'),
    listed(dark, 'node is without voltage in the normal state', 'nodes are without voltage in the normal state'),
    ...feeder
      .loops()
      .certain.map(loop => `a closed loop: ${[...loop].slice(0, 8).join(', ')}${loop.length > 8 ? ', …' : ''}`),
  ]
  if (file.ieds.length === 0) return [...warnings, 'it has no IEDs; --place proposes some'].filter(text => text !== '')
  const unobserved = file.sections.filter(({ name }) => !observed.has(name)).map(({ name }) => name)
  const unmetered = file.loads.filter(({ name }) => !metered.has(name) && !operated.has(name)).map(({ name }) => name)
  const unoperated = file.devices
    .filter(({ name, kind }) => kind !== 'fuse' && !operated.has(name))
    .map(({ name }) => name)
  const unset = file.devices
    .filter(({ name, kind, relay }) => (kind === 'breaker' || kind === 'recloser') && operated.has(name) && !relay)
    .map(({ name }) => name)
  return [
    ...warnings,
    listed(unobserved, 'section has no observer', 'sections have no observer'),
    listed(unmetered, 'load has no meter', 'loads have no meter'),
    listed(unoperated, 'device has no IED', 'devices have no IED'),
    listed(unset, 'breaker or recloser has no relay settings', 'breakers and reclosers have no relay settings'),
  ].filter(text => text !== '')
}

function listed(names: readonly string[], one: string, many: string): string {
  if (names.length === 0) return ''
  return `${names.length} ${names.length === 1 ? one : many}: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`
}

/** Switching devices in their normal state, by kind. */
export function deviceCounts({ file }: Feeder): { kind: string; closed: number; open: number }[] {
  const count = (devices: typeof file.devices, normal: string): number =>
    devices.filter(device => device.normal === normal).length
  return [...groupBy(file.devices, ({ kind }) => kind)]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([kind, devices]) => ({ kind, closed: count(devices, 'closed'), open: count(devices, 'open') }))
}

/** Computed in passing up to so many nodes: some seconds. */
const MOST_NODES = 400

/** What of relays, fuses and ties contradicts what; the faults and loads behind it are computed. */
export async function judgedSettings(file: FeederFile): Promise<Check['settings']> {
  if (file.nodes.length > MOST_NODES) {
    const isSet = file.devices.some(({ relay, meltingCurve }) => relay !== undefined || meltingCurve !== undefined)
    const text = `${file.nodes.length} nodes: too many to judge settings in passing; \`feedermesh protection coordination\` does`
    return isSet ? [{ severity: 'note', kind: 'not judged', devices: [], state: 'normal', text }] : []
  }
  const { judgeSettings } = await import('../../../sim/coordination/judge-settings.ts')
  try {
    return judgeSettings(file).map(({ devices, ...found }) => ({ ...found, devices: [...devices] }))
  } catch (error) {
    // What the network's solver cannot make sense of need not be wrong for anything else.
    if (!(error instanceof RangeError)) throw error
    return [{ severity: 'note', kind: 'not judged', devices: [], state: 'normal', text: error.message }]
  }
}

type Check = z.infer<(typeof outputs)['topology-check']>

export function checkText(check: Check): string {
  const lines: [string, string][] = [
    ['buses', String(check.buses)],
    ['lines', String(check.lines)],
    [
      'switches',
      `${check.switchesClosed} closed, ${check.switchesOpen} open (sections that are a switch and nothing else)`,
    ],
    ['transformers', String(check.transformers)],
    ['capacitors', String(check.capacitors)],
    ['loads', `${check.loads}, ${check.loadKw} kW${check.customers > 0 ? `, ${check.customers} customers` : ''}`],
    ['shape', `${check.radial ? 'radial' : 'meshed'}, ${check.depth} deep at ${check.deepestBus}`],
    ...(check.devices.length > 0
      ? [['devices', `${devicesText(check.devices)}; on whatever section they stand`] as [string, string]]
      : []),
    ['zones', String(check.zones)],
    ['IEDs', String(check.ieds)],
  ]
  return `${[
    `${check.file}: feeder ${check.name} (${check.format}) is right`,
    ...lines.map(([what, value]) => `  ${what.padEnd(13)} ${value}`),
    ...(check.placed
      ? [
          '',
          `placed by rule: ${check.placed.devices.length} devices, ${check.placed.ieds.length} IEDs`,
          ...check.placed.toCheck.map(text => `  ${text}`),
        ]
      : []),
    ...(check.notes.length > 0 ? ['', `notes of the import (${check.notes.length}):`] : []),
    ...check.notes.map(({ file, line, text }) => `  ${file}:${line}: ${text}`),
    ...(check.warnings.length > 0 ? ['', 'to think about:'] : []),
    ...check.warnings.map(text => `  ${text}`),
    ...settingsLines(check.settings),
  ].join('\n')}\n`
}

function settingsLines(settings: Check['settings']): string[] {
  const line = ({ kind, devices, state, text }: Check['settings'][number]): string =>
    `  ${devices.length === 0 ? '' : `${devices.slice(0, 2).join(' over ')}: `}${kind}${state === 'normal' ? '' : ` (with ${state})`}: ${text}`
  const of = (severity: string): string[] => settings.filter(each => each.severity === severity).map(line)
  const [warnings, notes] = [of('warning'), of('note')]
  return [
    ...(warnings.length > 0 ? ['', 'settings that contradict each other:', ...warnings] : []),
    ...(notes.length > 0 ? ['', 'to know about the settings:', ...notes] : []),
  ]
}

function devicesText(devices: Check['devices']): string {
  return devices
    .map(({ kind, closed, open }) => {
      const many = closed + open === 1 ? '' : kind.endsWith('ch') ? 'es' : 's'
      return `${closed + open} ${kind}${many}${open > 0 ? ` (${open} open)` : ''}`
    })
    .join(', ')
}
