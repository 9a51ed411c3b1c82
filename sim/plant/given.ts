// What people, tariffs, relays and scenarios have set on a plant.

import type { FeederFile } from '../../topology/feeder-file.ts'
import type { FaultAt, OperatingState } from '../solver/solver-port.ts'
import { completeFault, faultPlaces, nameOfFault } from './given-fault.ts'
import { loadShare } from './load-shape.ts'
import type { DevicePosition, Disturbance, Fault, Plant } from './plant-port.ts'

/** The setters of a plant. */
export type Setters = Pick<
  Plant,
  | 'setTimeOfDay'
  | 'setDevice'
  | 'setShed'
  | 'setGenerator'
  | 'setCapacitor'
  | 'setLoad'
  | 'setLoadScale'
  | 'setLoadShare'
  | 'disturb'
  | 'clearDisturbance'
  | 'fault'
  | 'clearFault'
>

export interface Given {
  readonly setters: Setters
  isOpen(device: string): boolean
  isShed(load: string): boolean
  /** Of a load, generator or capacitor. */
  isConnected(name: string): boolean
  readonly shed: ReadonlySet<string>
  readonly disconnected: ReadonlySet<string>
  /** Of everything; 0: no energy flows. */
  scale(): number
  disturbances(): readonly Disturbance[]
  faults(): readonly Fault[]
  /** Complete, in the order in which they were given. */
  faultsAt(): readonly FaultAt[]
  /** All but faults and disturbances. */
  undisturbed(): OperatingState
}

/** What a setter changed: the hour and the level of load, the feeder's contacts, or only faults and disturbances. */
export type Change = 'level' | 'contacts' | 'disturbance'

/** @param onChange before each change takes effect */
export function givenState(file: FeederFile, onChange: (change: Change) => void): Given {
  const places = faultPlaces(file)
  const names = {
    device: namesOf(file.devices),
    load: namesOf(file.loads),
    generator: namesOf(file.generators),
    capacitor: namesOf(file.capacitors),
  }
  const sheddable = new Map(file.loads.map(load => [load.name, load.sheddableShare]))
  const open = new Set(file.devices.filter(d => d.normal === 'open').map(d => d.name))
  const shed = new Set<string>()
  const disconnected = new Set<string>()
  /** Of single loads, in place of the day's. */
  const ownShares = new Map<string, number>()
  const disturbances = new Map<string, Disturbance>()
  const faults = new Map<string, { readonly fault: Fault; readonly at: FaultAt }>()
  let share = 1
  let scale = 1

  const insist = (what: keyof typeof names, name: string): void => {
    if (!names[what].has(name)) throw new RangeError(`${what} ${name}: not in the feeder file`)
  }
  /** A setter that sets what is set already changes nothing. */
  const put = (set: Set<string>, name: string, isIn: boolean): void => {
    if (set.has(name) === isIn) return
    onChange('contacts')
    if (isIn) set.add(name)
    else set.delete(name)
  }
  const connect = (what: keyof typeof names) => (name: string, isConnected: boolean) => {
    insist(what, name)
    put(disconnected, name, !isConnected)
  }
  const level = (apply: () => void): void => {
    onChange('level')
    apply()
  }

  const setters: Setters = {
    setTimeOfDay: seconds => level(() => (share = loadShare(seconds))),
    setLoadScale: next => level(() => (scale = next)),
    setLoadShare(name, next) {
      insist('load', name)
      if (ownShares.get(name) === next) return
      level(() => (next === undefined ? ownShares.delete(name) : ownShares.set(name, next)))
    },
    setDevice(name, position: DevicePosition) {
      insist('device', name)
      put(open, name, position === 'open')
    },
    setShed(name, isShed) {
      insist('load', name)
      put(shed, name, isShed)
    },
    setGenerator: connect('generator'),
    setCapacitor: connect('capacitor'),
    setLoad: connect('load'),
    disturb(disturbance) {
      const { section, residualPu } = disturbance
      if (!places.sections.has(section)) throw new RangeError(`section ${section}: not in the feeder file`)
      if (!(residualPu >= 0)) throw new RangeError(`disturbance on ${section}: ${residualPu} pu, want 0 or more`)
      onChange('disturbance')
      disturbances.set(section, disturbance)
    },
    clearDisturbance(section) {
      onChange('disturbance')
      disturbances.delete(section)
    },
    fault(fault) {
      const at = completeFault(places, fault)
      onChange('disturbance')
      faults.set(nameOfFault(fault), { fault, at })
    },
    clearFault(name) {
      onChange('disturbance')
      faults.delete(name)
    },
  }
  /** A copy: what is read of a solution later on must not see later changes. */
  function undisturbed(): OperatingState {
    const opened = new Set(open)
    const off = new Set(disconnected)
    const level = share * scale
    const shares = new Map([...ownShares].map(([name, own]) => [name, own * scale]))
    for (const name of shed) shares.set(name, (shares.get(name) ?? level) * (1 - (sheddable.get(name) ?? 0)))
    const generation = scale
    return {
      isOpen: name => opened.has(name),
      isConnected: name => !off.has(name),
      loadShare: name => shares.get(name) ?? level,
      generationShare: () => generation,
      faults: [],
      depressed: new Map(),
    }
  }

  return {
    setters,
    isOpen: name => open.has(name),
    isShed: name => shed.has(name),
    isConnected: name => !disconnected.has(name),
    shed,
    disconnected,
    scale: () => scale,
    disturbances: () => [...disturbances.values()],
    faults: () => [...faults.values()].map(({ fault }) => fault),
    faultsAt: () => [...faults.values()].map(({ at }) => at),
    undisturbed,
  }
}

const namesOf = (entries: readonly { readonly name: string }[]): ReadonlySet<string> =>
  new Set(entries.map(({ name }) => name))
