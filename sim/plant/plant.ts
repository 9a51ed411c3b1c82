// A small feeder: what its instruments would show in the present switch state. Deterministic; it has no clock.
//
// A setter changes what is given, and the next look solves the feeder again. Limits, stated once: phases are those of
// the line codes with their mutual impedances, loads are constant power, closed loops carry nothing, regulators stand at
// the file's taps, line charging is left out, and generators feed only while the source reaches them.

import type { DeviceEntry, FeederFile, IedEntry } from '../../topology/feeder-file.ts'
import { add, type Complex, conjugate, magnitude, multiply, scaleBy, type Triple, triple, ZERO } from './complex.ts'
import { capacitorParts, type Drawn, drawnParts, type Settings, sumByNode } from './demand.ts'
import { type Disturbance, type Fault, type Passage, passageOf } from './disturbances.ts'
import { BASE_VA, baseAmps, baseVolts, buildGrid, type Grid } from './grid.ts'
import { type LiveTree, liveTree } from './live-tree.ts'
import { loadShare } from './load-shape.ts'
import type { Plant as FullPlant, Shown } from './plant-port.ts'
import { type PowerFlow, powerFlow, shareDrawn } from './power-flow.ts'

export type { DevicePosition, PlantSnapshot, Shown } from './plant-port.ts'
export type Plant = Omit<FullPlant, 'phasors' | 'waveform' | 'fault'> & { fault(fault: Fault): void }
type PerPhase = Shown['volts']

/** IEEE 1159: a sag is below 0.9 pu, an interruption below 0.1 pu. The hysteresis is 2 % of nominal. */
const SAG_PU = 0.9
const SAG_OVER_PU = 0.92
const DEAD_PU = 0.1

/** What solving yields, beside the sag elements' memory. */
interface Solution {
  readonly tree: LiveTree
  readonly flow: PowerFlow
  readonly passage: Passage
  readonly parts: readonly Drawn[]
  readonly capacitors: ReturnType<typeof capacitorParts>
  /** Filled as it is asked for. */
  readonly shown: Map<string, Shown>
}

/** @throws RangeError from its methods, for a name that the file does not have */
export function createPlant(file: FeederFile): Plant {
  const grid = buildGrid(file)
  const open = new Set(file.devices.filter(d => d.normal === 'open').map(d => d.name))
  const shed = new Set<string>()
  const disconnected = new Set<string>()
  const disturbances = new Map<string, Disturbance>()
  const faults = new Map<string, Fault>()
  const sagging = new Set<string>()
  let share = 1
  let scale = 1
  let solution: Solution | undefined

  const settings = (): Settings => ({
    isOpen: name => open.has(name),
    isShed: name => shed.has(name),
    isConnected: name => !disconnected.has(name),
    loadShare: share,
    scale,
  })

  function solved(): Solution {
    solution ??= solveNow()
    return solution
  }

  function solveNow(): Solution {
    const tree = liveTree(grid, name => open.has(name))
    const passage = passageOf(grid, tree, disturbances.values(), faults.values())
    const parts = drawnParts(file, grid, settings())
    const capacitors = capacitorParts(file, settings())
    const capacitive = new Map<string, Triple<number>>()
    for (const { node, susceptance } of capacitors) {
      const before = capacitive.get(node)
      capacitive.set(node, before === undefined ? susceptance : triple(i => before[i] + susceptance[i]))
    }
    const flow = powerFlow({ grid, tree, drawn: sumByNode(parts), capacitive, limits: passage.limits })
    for (const ied of file.ieds) updateSag(ied, flow)
    return { tree, flow, passage, parts, capacitors, shown: new Map() }
  }

  function updateSag({ name, node }: IedEntry, flow: PowerFlow): void {
    const has = grid.nodes.get(node)?.has
    for (const i of [0, 1, 2] as const) {
      if (!has?.[i]) continue
      const size = magnitude(flow.volts(node)[i])
      if (size < SAG_PU) sagging.add(`${name}/${i}`)
      else if (size > SAG_OVER_PU) sagging.delete(`${name}/${i}`)
    }
  }

  let revision = 0
  const change = (apply: () => void): void => {
    solution = undefined
    revision++
    apply()
  }
  const connect =
    (list: readonly { readonly name: string }[], what: string) => (name: string, isConnected: boolean) => {
      insist(list, what, name)
      change(() => (isConnected ? disconnected.delete(name) : disconnected.add(name)))
    }

  return {
    file,
    get revision() {
      return revision
    },
    position: name => (open.has(name) ? 'open' : 'closed'),
    through(name) {
      const device = file.devices.find(d => d.name === name)
      if (device === undefined) throw new RangeError(`device ${name}: not in feeder ${file.name}`)
      const [a, b, c] = throughDevice(grid, solved(), device).amps
      return { amps: { a, b, c }, residualAmps: 0 }
    },
    setTimeOfDay: seconds => change(() => (share = loadShare(seconds))),
    setDevice(name, position) {
      insist(file.devices, 'device', name)
      change(() => (position === 'open' ? open.add(name) : open.delete(name)))
    },
    setShed(name, isShed) {
      insist(file.loads, 'load', name)
      change(() => (isShed ? shed.add(name) : shed.delete(name)))
    },
    setGenerator: connect(file.generators, 'generator'),
    setCapacitor: connect(file.capacitors, 'capacitor'),
    setLoad: connect(file.loads, 'load'),
    setLoadScale: next => change(() => (scale = next)),
    disturb(disturbance) {
      insist(file.sections, 'section', disturbance.section)
      change(() => disturbances.set(disturbance.section, disturbance))
    },
    clearDisturbance: section => change(() => disturbances.delete(section)),
    fault(fault) {
      insist(file.sections, 'section', fault.section)
      change(() => faults.set(fault.section, fault))
    },
    clearFault: section => change(() => faults.delete(section)),
    solve: () => void solved(),
    shows(name) {
      const now = solved()
      const known = now.shown.get(name)
      if (known !== undefined) return known
      const ied = file.ieds.find(i => i.name === name)
      if (ied === undefined) throw new RangeError(`IED ${name}: not in feeder ${file.name}`)
      const sag = [0, 1, 2].some(i => sagging.has(`${name}/${i}`))
      const shown = { ...instruments(file, grid, now, ied), ...contacts(file, settings(), ied), sag }
      now.shown.set(name, shown)
      return shown
    },
    snapshot() {
      const { tree, flow } = solved()
      const isLive = (node: string): boolean => highestPu(grid, flow, node) >= DEAD_PU
      return {
        positions: Object.fromEntries(file.devices.map(d => [d.name, open.has(d.name) ? 'open' : 'closed'])),
        deadNodes: file.nodes.map(n => n.name).filter(node => !isLive(node)),
        shed: [...shed],
        disconnected: [...disconnected],
        disturbances: [...disturbances.values()],
        faults: [...faults.values()],
        voltsPu: Object.fromEntries([...tree.nodes].map(([node, has]) => [node, lowestPu(flow.volts(node), has)])),
      }
    },
  }
}

function insist(list: readonly { readonly name: string }[], what: string, name: string): void {
  if (!list.some(entry => entry.name === name)) throw new RangeError(`${what} ${name}: not in the feeder file`)
}

const highestPu = (grid: Grid, flow: PowerFlow, node: string): number =>
  Math.max(0, ...flow.volts(node).map((v, i) => (grid.nodes.get(node)?.has[i] ? magnitude(v) : 0)))

const lowestPu = (volts: Triple<Complex>, has: Triple<boolean>): number =>
  Math.min(...volts.filter((_, i) => has[i]).map(magnitude))

/** Loads that the IED may shed: the one it operates, else those it meters. */
export function sheddableLoads(file: FeederFile, ied: IedEntry): string[] {
  const operated = file.loads.filter(load => load.name === ied.operates)
  const candidates = operated.length > 0 ? operated : file.loads.filter(load => ied.meters.includes(load.name))
  return candidates.filter(load => load.sheddableShare > 0).map(load => load.name)
}

function contacts(file: FeederFile, { isOpen, isShed, isConnected }: Settings, ied: IedEntry) {
  const { operates } = ied
  const sheddable = sheddableLoads(file, ied)
  const shed = sheddable.length === 0 ? {} : { shed: sheddable.every(isShed) }
  if (operates === undefined) return shed
  const isClosed = file.devices.some(d => d.name === operates) ? !isOpen(operates) : isConnected(operates)
  return { ...shed, position: isClosed ? ('closed' as const) : ('open' as const) }
}

function instruments(file: FeederFile, grid: Grid, now: Solution, ied: IedEntry) {
  const { flow, passage } = now
  const has = grid.nodes.get(ied.node)?.has ?? ([false, false, false] as const)
  const dead = highestPu(grid, flow, ied.node) < DEAD_PU
  const device = file.devices.find(d => d.name === ied.operates)
  const metered = meteredPower(file, now, ied)
  const through = device === undefined ? undefined : throughDevice(grid, now, device)
  const flowing = through ?? (metered === undefined ? intoNode(grid, now, ied.node) : undefined)
  const power = metered ?? flowing?.power ?? NOTHING
  const amps = flowing?.amps ?? ampsOf(grid, flow, ied.node, power)
  const pickup = device?.relay !== undefined && Math.max(...amps) > device.relay.pickupAmps
  return {
    volts: perPhase(has, i => magnitude(flow.volts(ied.node)[i]) * baseVolts(grid, ied.node)),
    amps: perPhase(has, i => amps[i]),
    kw: perPhase(has, i => (power[i].re * BASE_VA) / 1000),
    kvar: perPhase(has, i => (power[i].im * BASE_VA) / 1000),
    ...(dead ? {} : { frequencyHz: file.frequencyHz }),
    dead,
    pickup,
    phasePickup: pickup,
    groundPickup: false,
    ...passing(passage, ied.observes),
  }
}

const NOTHING: Triple<Complex> = [ZERO, ZERO, ZERO]

function perPhase(has: Triple<boolean>, value: (i: 0 | 1 | 2) => number): PerPhase {
  return { ...(has[0] ? { a: value(0) } : {}), ...(has[1] ? { b: value(1) } : {}), ...(has[2] ? { c: value(2) } : {}) }
}

/** What the IED's loads, generator and capacitor draw; `undefined` for one that has none. */
function meteredPower(file: FeederFile, now: Solution, ied: IedEntry): Triple<Complex> | undefined {
  const { flow, parts, capacitors, tree } = now
  const operatesDevice = ied.operates === undefined || file.devices.some(d => d.name === ied.operates)
  if (operatesDevice && ied.meters.length === 0) return undefined
  const isMine = (name: string): boolean => name === ied.operates || ied.meters.includes(name)
  const mine = parts.filter(part => isMine(part.of))
  const banks = capacitors.filter(part => isMine(part.of))
  const drawn = mine.map(({ node, power }) =>
    triple(i => {
      const isLive = tree.nodes.get(node)?.[i] ?? false
      return isLive ? scaleBy(power[i], shareDrawn(magnitude(flow.volts(node)[i]))) : ZERO
    }),
  )
  const produced = banks.map(({ node, susceptance }) =>
    triple(i => ({ re: 0, im: -susceptance[i] * magnitude(flow.volts(node)[i]) ** 2 })),
  )
  return [...drawn, ...produced].reduce<Triple<Complex>>((sum, part) => triple(i => add(sum[i], part[i])), NOTHING)
}

interface Flowing {
  readonly amps: Triple<number>
  readonly power: Triple<Complex>
}

/** At the device's end of its section, fault current included as long as the fault lies beyond. */
function throughDevice(grid: Grid, { tree, flow, passage }: Solution, device: DeviceEntry): Flowing {
  const live = tree.bySection.get(device.section)
  if (live === undefined) return { amps: [0, 0, 0], power: NOTHING }
  const isFeeding = live.feedEnd === device.at
  const node = isFeeding ? live.parent : live.child
  if (node === undefined) return { amps: [0, 0, 0], power: NOTHING }
  const current = isFeeding ? flow.into(device.section) : flow.outOf(device.section)
  const fault = passage.faultCurrent.get(device.section)
  const passesFault = fault !== undefined && (isFeeding || !fault.endsHere)
  return flowAt(grid, flow, node, current, passesFault ? fault.amps : [0, 0, 0])
}

/** What the section that feeds a node brings; nothing at the source and at a dead node. */
function intoNode(grid: Grid, { tree, flow, passage }: Solution, node: string): Flowing | undefined {
  const live = tree.feeding.get(node)
  if (live === undefined) return undefined
  const fault = passage.faultCurrent.get(live.branch.name)
  const passesFault = fault !== undefined && !fault.endsHere
  return flowAt(grid, flow, node, flow.outOf(live.branch.name), passesFault ? fault.amps : [0, 0, 0])
}

function flowAt(grid: Grid, flow: PowerFlow, node: string, current: Triple<Complex>, fault: Triple<number>): Flowing {
  return {
    amps: triple(i => Math.max(magnitude(current[i]), fault[i]) * baseAmps(grid, node)),
    power: triple(i => multiply(flow.volts(node)[i], conjugate(current[i]))),
  }
}

function ampsOf(grid: Grid, flow: PowerFlow, node: string, power: Triple<Complex>): Triple<number> {
  return triple(i => {
    const size = magnitude(flow.volts(node)[i])
    return size === 0 ? 0 : (magnitude(power[i]) / size) * baseAmps(grid, node)
  })
}

function passing({ entered, left }: Passage, observes: readonly string[]) {
  const mask = (sees: (section: string) => boolean): number =>
    observes.reduce((bits, section, n) => (sees(section) ? bits | (1 << n) : bits), 0)
  const residuals = observes.flatMap(section => entered.get(section) ?? [])
  return {
    entered: mask(section => entered.has(section)),
    left: mask(section => left.has(section)),
    ...(residuals.length === 0 ? {} : { residualPu: Math.min(...residuals) }),
  }
}
