// Switches, fuses, reclosers and relays as the devices of a feeder.
//
// A line that is a switch has one device, and the first control that moves it says what kind of device that is. A control
// on an ordinary line puts a device at the end of it.

import type { Branch, DeviceInput } from './branch.ts'
import { tidy } from './branch.ts'
import { type Curve, curveNamed, secondsAt } from './curves.ts'
import { asValue, type Circuit, type Element, elementsOf, isEnabled, lastSet, setting, textSet } from './elements.ts'
import { fault, shown } from './fault.ts'
import type { NoteList, Place } from './note.ts'
import { numberOf, numbersOf, positiveOf } from './values.ts'

/** A device of a branch; names are given later. */
export interface DeviceRead {
  readonly branch: Branch
  readonly wantedName: string
  readonly at: Place
  readonly entry: Omit<DeviceInput, 'name' | 'section'>
}

/** Where an inverse curve gives the one time that a definite-time stage has. */
const AT_MULTIPLE = 10

type Position = 'open' | 'closed'

/** @throws TopologyError */
export function devicesOf(circuit: Circuit, branches: readonly Branch[], { note }: NoteList): DeviceRead[] {
  const byElement = new Map(branches.flatMap(branch => branch.elements.map(name => [name, branch] as const)))
  const positions = positionsOf()
  const devices = new Map<Branch, DeviceRead[]>()
  for (const className of ['relay', 'recloser', 'fuse']) {
    for (const control of elementsOf(circuit, className)) addControl(control)
  }
  for (const branch of branches) completeSwitch(branch)
  return branches.flatMap(branch => devices.get(branch) ?? [])

  function addControl(control: Element): void {
    if (!isEnabled(control)) return leftOut(control, 'is disabled')
    const branch = branchOf(control)
    if (!branch) return
    const others = devices.get(branch) ?? []
    const stays = others.length === 0 ? positions.get(branch) : undefined
    const normal = stays ?? positionOf(control) ?? 'closed'
    const wantedName = branch.switch && others.length === 0 ? branch.wantedName : control.name
    const terminal = setting(control, 'switchedterm', numberOf) ?? setting(control, 'monitoredterm', numberOf)
    const at = terminal === 2 ? ({ at: 'to' } as const) : {}
    const entry = { ...at, normal, ...settingsOf(control) }
    devices.set(branch, [...others, { branch, wantedName, at: control.at, entry }])
  }

  /** A switch that nothing moves, and a line that was told to open. */
  function completeSwitch(branch: Branch): void {
    const normal = positions.get(branch)
    if ((devices.get(branch)?.length ?? 0) > 0 || (!branch.switch && normal !== 'open')) return
    const entry = { kind: normal === 'open' ? ('tie' as const) : ('switch' as const), normal: normal ?? 'closed' }
    devices.set(branch, [{ branch, wantedName: branch.wantedName, at: branch.at, entry }])
  }

  function branchOf(control: Element): Branch | undefined {
    const target = textSet(control, 'switchedobj') ?? textSet(control, 'monitoredobj')
    const [className = '', name = ''] = target?.split(/\.(.*)/s) ?? []
    const element = circuit.elements.get(className)?.get(name)
    if (!element)
      throw fault(control.at, `${control.label}: moves ${shown(target ?? '')}, no such element, want a line`)
    const branch = byElement.get(`${className}.${name}`)
    if (!branch || branch.kind === 'transformer') leftOut(control, `moves ${element.label}, which has no device here`)
    return branch?.kind === 'transformer' ? undefined : branch
  }

  function positionsOf(): Map<Branch, Position> {
    const found = new Map<Branch, Position>()
    for (const branch of branches) if (branch.switch) found.set(branch, branch.switch)
    for (const control of elementsOf(circuit, 'swtcontrol')) {
      const position = isEnabled(control) ? positionOf(control) : undefined
      const branch = position && branchOf(control)
      if (branch) found.set(branch, position)
    }
    for (const { target, position, at } of circuit.commands) {
      const branch = byElement.get(target)
      if (branch && branch.kind !== 'transformer') found.set(branch, position)
      else note(at, `${target} ${position}, left out: it has no device here`)
    }
    return found
  }

  function leftOut(control: Element, why: string): void {
    note(control.at, `${control.label} ${why}, left out`)
  }

  function settingsOf(control: Element): Omit<DeviceInput, 'name' | 'section'> {
    if (control.className === 'fuse') return { kind: 'fuse', ...fuse(control) }
    const kind = control.className === 'recloser' ? 'recloser' : 'breaker'
    const type = textSet(control, 'type') ?? 'current'
    if (!type.startsWith('c')) {
      note(control.at, `${control.label}: a relay of type ${shown(type)} is not understood, its settings are left out`)
      return { kind }
    }
    const relay = relayOf(control)
    const deadTimesMs = relay ? deadTimes(control) : []
    const breakerS = setting(control, 'breakertime', numberOf)
    return {
      kind,
      ...(relay ? { relay } : {}),
      ...(deadTimesMs.length > 0 ? { reclose: { deadTimesMs, resetMs: resetMs(control) } } : {}),
      ...(breakerS === undefined || breakerS < 0 ? {} : { breakerTimeMs: tidy(breakerS * 1000) }),
    }
  }

  function fuse(control: Element) {
    const rated = setting(control, 'ratedcurrent', positiveOf)
    const delayS = setting(control, 'delay', numberOf) ?? 0
    const curve = setting(control, 'fusecurve', value => curveNamed(value, circuit))
    if (rated === undefined) return {}
    const points = falling(curve ?? curveNamed({ text: 'tlink', label: control.label, at: control.at }, circuit))
    const meltingCurve = points.map(([multiple, s]): [number, number] => [tidy(multiple * rated), tidy(s + delayS)])
    return { ratedAmps: rated, ...(meltingCurve.length > 1 ? { meltingCurve: meltingCurve.slice(0, 200) } : {}) }
  }

  function relayOf(control: Element): DeviceInput['relay'] {
    const isRecloser = control.className === 'recloser'
    const phase = setting(control, 'phasetrip', positiveOf)
    const ground = setting(control, 'groundtrip', positiveOf)
    const curve = isRecloser ? 'phasedelayed' : 'phasecurve'
    const phaseMs = delayOf(control, curve, isRecloser ? 'tdphdelayed' : 'tdphase', isRecloser ? 'd' : undefined)
    if (phase === undefined || phaseMs === undefined) {
      note(control.at, `${control.className}: one without a current setting and a time is a device without protection`)
      return undefined
    }
    const groundCurve = isRecloser ? 'grounddelayed' : 'groundcurve'
    const groundMs = delayOf(control, groundCurve, isRecloser ? 'tdgrdelayed' : 'tdground', undefined)
    const stage = ground === undefined ? {} : { ground: { pickupAmps: ground, delayMs: groundMs ?? phaseMs } }
    return { pickupAmps: phase, delayMs: phaseMs, ...stage }
  }

  /** Of its delay, else of its curve. A recloser's delay is that of its mechanism, not of a stage. */
  function delayOf(control: Element, curve: string, dial: string, otherwise: string | undefined): number | undefined {
    const delayS = control.className === 'relay' ? (setting(control, 'delay', numberOf) ?? 0) : 0
    if (delayS > 0) return tidy(delayS * 1000)
    const named = lastSet(control, curve)
    const value = named ? asValue(control, named) : { text: otherwise ?? 'none', label: control.label, at: control.at }
    if (value.text.toLowerCase() === 'none') return undefined
    const factor = setting(control, dial, positiveOf) ?? 1
    const ms = Math.round(secondsAt(curveNamed(value, circuit), AT_MULTIPLE) * factor * 1000)
    note(
      control.at,
      `${control.label}: curve ${shown(value.text)} is taken as a definite time of ${ms} ms, its time at ${AT_MULTIPLE} times the setting`,
    )
    return ms
  }
}

/** Shots are trips to lockout, so one dead time fewer. OpenDSS's defaults: four shots after 0.5, 2 and 2 s. */
function deadTimes(control: Element): number[] {
  const shots = setting(control, 'shots', numberOf) ?? 4
  const seconds = setting(control, 'recloseintervals', value => (/^none$/i.test(value.text) ? [] : numbersOf(value)))
  const recloses = Math.max(0, Math.min(4, shots - 1))
  return (seconds ?? [0.5, 2, 2])
    .filter(s => s > 0)
    .slice(0, recloses)
    .map(s => tidy(s * 1000))
}

function resetMs(control: Element): number {
  return tidy((setting(control, 'reset', positiveOf) ?? 15) * 1000)
}

function positionOf(control: Element): Position | undefined {
  const last = lastSet(control, 'action', 'state', 'normal')
  if (!last) return undefined
  return /^[ot]/i.test(last.text) ? 'open' : 'closed'
}

/** Only points at which the time falls: what a fuse's curve is. */
function falling(curve: Curve): Curve {
  const kept: (readonly [number, number])[] = []
  for (const point of curve) if (point[1] < (kept.at(-1)?.[1] ?? Number.POSITIVE_INFINITY)) kept.push(point)
  return kept
}
