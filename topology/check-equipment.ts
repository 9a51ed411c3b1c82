// What transformers, regulators, capacitors and switching devices cannot be or do.

import { connectionsOf } from './check-phases.ts'
import type { Complain } from './complaint.ts'
import type { DeviceEntry, FeederFile, Phase, TransformerEntry } from './feeder-file.ts'
import { groupBy } from './group-by.ts'

type PhasesOf = (unit: TransformerEntry) => readonly Phase[] | undefined

/** Steps of 0.625 %: at twice a usual regulator's range it is a mistake. */
const HIGHEST_TAP = 32

export function checkEquipment(file: FeederFile, complain: Complain): void {
  const sections = new Map(file.sections.map(({ name, phases }) => [name, phases]))
  const phasesOf: PhasesOf = ({ section, phases }) => phases ?? sections.get(section)
  checkTransformers(file, phasesOf, complain)
  checkRegulators(file, complain)
  checkShared(file, phasesOf, complain)
  file.capacitors.forEach(({ kvar }, n) => {
    for (const key of connectionsOf(kvar)) {
      const value = kvar[key] as number
      if (value < 0) complain('FEEDER_EQUIPMENT', ['capacitors', n, 'kvar', key], value, 'want 0 or more')
    }
  })
  file.devices.forEach((device, n) => {
    checkDevice(device, n, complain)
  })
}

function checkTransformers(file: FeederFile, phasesOf: PhasesOf, complain: Complain): void {
  const units = groupBy(file.transformers, ({ section }) => section)
  file.transformers.forEach((unit, n) => {
    if (unit.secondary !== 'center-tapped') return
    const phases = phasesOf(unit)
    if (phases && phases.length !== 1) {
      const text = `a centre-tapped secondary has ${phases.length} phases in front of it, want one`
      complain('FEEDER_PHASES', ['transformers', n, 'secondary'], unit.name, text)
    }
    const other = units
      .get(unit.section)
      ?.slice(0, 2)
      .find(({ name }) => name !== unit.name)
    if (!other) return
    const text = `shares section "${unit.section}" with "${other.name}", want a centre-tapped transformer alone`
    complain('FEEDER_EQUIPMENT', ['transformers', n, 'section'], unit.section, text)
  })
}

function checkRegulators(file: FeederFile, complain: Complain): void {
  file.regulators.forEach(({ name, taps }, n) => {
    const keys = connectionsOf(taps)
    if (keys.length === 0) {
      complain('FEEDER_EQUIPMENT', ['regulators', n, 'taps'], name, 'has no tap, want one for each unit')
    }
    for (const key of keys) {
      const tap = taps[key] as number
      if (Math.abs(tap) <= HIGHEST_TAP) continue
      complain('FEEDER_EQUIPMENT', ['regulators', n, 'taps', key], tap, `want -${HIGHEST_TAP} to ${HIGHEST_TAP}`)
    }
  })
}

/** Units on one section stand side by side, so no phase has two of them; two of a delta share a phase, but no pair. */
function checkShared(file: FeederFile, phasesOf: PhasesOf, complain: Complain): void {
  /** By section: each phase or pair of phases that a unit takes, and the unit. */
  const taken = new Map<string, Map<string, string>>()
  const take = (section: string, by: string, what: string): string | undefined => {
    const units = taken.get(section) ?? new Map<string, string>()
    taken.set(section, units)
    const other = [...units].find(([phases]) => inTheWay(what, phases))
    if (!other) units.set(what, by)
    return other?.[1]
  }
  file.transformers.forEach((unit, n) => {
    const phases = [...new Set(phasesOf(unit))]
    const pair = unit.primary === 'delta' && phases.length === 2
    for (const what of pair ? [phases.sort().join('')] : phases) {
      const other = take(unit.section, unit.name, what)
      if (other === undefined) continue
      complain('FEEDER_PHASES', ['transformers', n], unit.name, twice(what, unit.section, other))
      return
    }
  })
  file.regulators.forEach(({ name, section, taps }, n) => {
    for (const key of connectionsOf(taps)) {
      const other = take(section, name, [...key].sort().join(''))
      if (other === undefined) continue
      complain('FEEDER_PHASES', ['regulators', n, 'taps', key], name, twice(key, section, other))
    }
  })
}

const twice = (what: string, section: string, other: string): string =>
  `uses phase ${what} of section "${section}", which "${other}" has, want each phase in one unit`

function inTheWay(one: string, other: string): boolean {
  const pairs = one.length === 2 && other.length === 2
  return pairs ? one === other : [...one].some(phase => other.includes(phase))
}

function checkDevice(device: DeviceEntry, n: number, complain: Complain): void {
  const { kind, name, meltingCurve } = device
  if (device.relay && kind !== 'breaker' && kind !== 'recloser') {
    const text = `is a ${kind}, want a relay on breakers and reclosers only`
    complain('FEEDER_EQUIPMENT', ['devices', n, 'relay'], name, text)
  }
  if (device.reclose && !device.relay) {
    const text = 'recloses without a relay that trips it, want a relay too, or no reclose'
    complain('FEEDER_EQUIPMENT', ['devices', n, 'reclose'], name, text)
  }
  if (device.settingsGroups && !device.relay) {
    const text = 'has groups of settings for a relay that it lacks, want a relay too, or no groups'
    complain('FEEDER_EQUIPMENT', ['devices', n, 'settingsGroups'], name, text)
  }
  checkFastShots(device.relay, device.reclose, ['devices', n], name, complain)
  for (const [group, { relay, reclose }] of Object.entries(device.settingsGroups ?? {})) {
    checkFastShots(relay, reclose, ['devices', n, 'settingsGroups', group], name, complain)
  }
  if (device.sectionalizer && kind !== 'sectionalizer') {
    const text = `is a ${kind}, want a counter on sectionalizers only`
    complain('FEEDER_EQUIPMENT', ['devices', n, 'sectionalizer'], name, text)
  }
  if (!meltingCurve) return
  if (kind !== 'fuse') {
    complain(
      'FEEDER_EQUIPMENT',
      ['devices', n, 'meltingCurve'],
      name,
      `is a ${kind}, want a melting curve on fuses only`,
    )
  }
  const wrong = meltingCurve.findIndex(([amps, seconds], point) => {
    const before = meltingCurve[point - 1]
    return before !== undefined && (amps <= before[0] || seconds > before[1])
  })
  if (wrong < 0) return
  const [amps, seconds] = meltingCurve[wrong] as readonly [number, number]
  const text = `goes on to ${amps} A, ${seconds} s, want more amperes at each point and never more seconds`
  complain('FEEDER_EQUIPMENT', ['devices', n, 'meltingCurve', wrong], name, text)
}

/** Fast shots and the curve that they trip by come together. */
function checkFastShots(
  relay: DeviceEntry['relay'],
  reclose: DeviceEntry['reclose'],
  path: (string | number)[],
  name: string,
  complain: Complain,
): void {
  const shots = reclose?.fastShots ?? 0
  if (shots > 0 && relay !== undefined && relay.fast === undefined) {
    const text = `has ${shots} fast shots and no curve for them, want relay.fast too`
    complain('FEEDER_EQUIPMENT', [...path, 'reclose', 'fastShots'], name, text)
  }
  if (shots > (reclose?.deadTimesMs.length ?? 0) + 1) {
    const text = `has ${shots} fast shots of ${(reclose?.deadTimesMs.length ?? 0) + 1} trips, want no more than trips`
    complain('FEEDER_EQUIPMENT', [...path, 'reclose', 'fastShots'], name, text)
  }
}
