// A whole feeder of field devices on this machine: one plant, one Modbus TCP server for each IED, and their relays.
//
// Whatever changes the plant settles it at once: it is solved, every relay hears of pickup and dropout, and what the
// relays do is a change in turn. So a register that is read after a change shows it. Relays and fuses run on real time;
// `speed` makes the day and the energy counters run faster.

import type { FeederFile, IedEntry } from '../../topology/feeder-file.ts'
import { type Instant, instant, since } from '../../topology/units.ts'

import { createField, type FieldEvent } from '../plant/field.ts'
import {
  createPlant,
  type DevicePosition,
  type Disturbance,
  type Fault,
  type Plant,
  type PlantSnapshot,
  sheddableLoads,
} from '../plant/plant.ts'
import type { SupplyChange } from '../run/result.ts'
import { supplyWatch } from '../run/supply-watch.ts'
import { type EnergyRegister, type EnergyRegisters, energyRegister } from './energy-register.ts'
import type { DeviceView } from './registers.ts'
import { type SimulatedDevice, startSimulatedDevice } from './simulated-device.ts'

export interface DeviceHostOptions {
  readonly file: FeederFile
  /** Seconds of the simulated day for each real one. */
  readonly speed?: number
  /** Where the day starts; by default at the evening peak, where loads have the feeder file's values. */
  readonly startSecondsOfDay?: number
  /** Fixed ports by IED; the others take free ones. */
  readonly ports?: ReadonlyMap<string, number>
  /** What the energy counters show at first, by IED: meters keep their registers when the power goes. */
  readonly registers?: ReadonlyMap<string, EnergyRegisters>
}

/** What the field did, in order; times in ms of this machine's monotonic clock. */
export interface DeviceHistory {
  readonly events: readonly FieldEvent[]
  /** All loads have supply before their first change. */
  readonly supply: readonly SupplyChange[]
}

/** Changes return when they took effect: this machine's monotonic clock in ns, one clock for all its processes. */
export interface DeviceHost {
  readonly ports: ReadonlyMap<string, number>
  disturb(disturbance: Disturbance): bigint
  clearDisturbance(section: string): bigint
  fault(fault: Fault): bigint
  clearFault(section: string): bigint
  /** Multiplies loads and generation. 0 stops the energy counters. */
  setLoadScale(scale: number): bigint
  probeTemperature(ied: string, celsius: number): bigint
  /** A device whose breaker is stuck trips and stays closed. */
  stickBreaker(device: string, isStuck: boolean): bigint
  /** Somebody at the device opens or closes it by hand. */
  operate(device: string, to: DevicePosition): bigint
  /** All since the start; of a long run the newest. */
  history(): DeviceHistory
  registers(ied: string): EnergyRegisters
  snapshot(): PlantSnapshot
  /** Resolves when every port is closed. Idempotent. */
  stop(): Promise<void>
}

const EVENING_PEAK = 18 * 3600
const ROOM_TEMPERATURE = 25
/** Relays, fuses and contacts seldom do anything: of a long run the oldest are forgotten. */
const KEPT = 10_000
/** How often the day moves on when nothing else happens. */
const TICK_MS = 200

interface HostedIed {
  readonly ied: IedEntry
  readonly energy: EnergyRegister
  temperatureC: number
}

/** @throws Error when a port is taken; nothing stays open then */
export async function startDeviceHost(options: DeviceHostOptions): Promise<DeviceHost> {
  const { file, speed = 1, startSecondsOfDay = EVENING_PEAK } = options
  const plant = createPlant(file)
  const ieds = new Map<string, HostedIed>(
    file.ieds.map(ied => [
      ied.name,
      { ied, energy: energyRegister(options.registers?.get(ied.name)), temperatureC: ROOM_TEMPERATURE },
    ]),
  )
  const field = createField(file, plant)
  const supplied = supplyWatch(file)
  const events: FieldEvent[] = []
  const supply: SupplyChange[] = []
  const switching = new Set(file.devices.map(device => device.name))
  const startedNs = process.hrtime.bigint()
  const speedPerMille = BigInt(Math.round(speed * 1000))
  let countedNs = 0n
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  const now = (): Instant => instant(Number(process.hrtime.bigint()) / 1e6)

  function note(happened: readonly FieldEvent[]): void {
    if (happened.length === 0) return
    events.push(...happened)
    events.splice(0, events.length - KEPT)
    supply.push(...supplied.update(plant, happened.at(-1)?.at ?? now()))
    supply.splice(0, supply.length - KEPT)
  }

  /** Counts the energy up to this moment with the powers that held until now. */
  function countEnergy(): void {
    const simulatedNs = ((process.hrtime.bigint() - startedNs) * speedPerMille) / 1000n
    const elapsedNs = simulatedNs - countedNs
    countedNs = simulatedNs
    for (const { ied, energy } of ieds.values()) energy.add(sum(plant.shows(ied.name).kw), elapsedNs)
  }

  function change(apply: () => void): bigint {
    countEnergy()
    note(field.advance(now()))
    apply()
    const appliedNs = process.hrtime.bigint()
    settle()
    return appliedNs
  }

  function settle(): void {
    note(field.advance(now()))
    schedule()
  }

  function schedule(): void {
    clearTimeout(timer)
    if (isStopped) return
    const deadline = field.deadline()
    const wait = deadline === undefined ? TICK_MS : since(now(), deadline)
    timer = setTimeout(tick, Math.max(0, Math.ceil(Math.min(TICK_MS, wait))))
  }

  function tick(): void {
    countEnergy()
    note(field.advance(now()))
    const elapsed = Number(process.hrtime.bigint() - startedNs) / 1e9
    plant.setTimeOfDay(startSecondsOfDay + elapsed * speed)
    settle()
  }

  function look({ ied, energy, temperatureC }: HostedIed): DeviceView {
    countEnergy()
    const { operates = '' } = ied
    const relay = switching.has(operates) ? field.relay(operates) : undefined
    const [tripped, lockedOut] = [relay?.isTripped ?? false, relay?.isLockedOut ?? false]
    return { shown: field.shows(ied.name), tripped, lockedOut, energy: energy.read(), temperatureC }
  }

  function write(ied: IedEntry, coil: 'open' | 'close' | 'trip' | 'shed', value: boolean): void {
    change(() => {
      if (coil === 'shed') for (const load of sheddableLoads(file, ied)) plant.setShed(load, value)
      else if (switching.has(ied.operates ?? '')) note(field.command(ied.operates ?? '', coil, now()))
      else operateContactor(plant, ied, coil === 'close' ? 'closed' : 'open')
    })
  }

  const hosted = (name: string): HostedIed => {
    const found = ieds.get(name)
    if (found === undefined) throw new RangeError(`IED ${name}: not in feeder ${file.name}`)
    return found
  }

  const devices = new Map<string, SimulatedDevice>()
  const stopAll = async (): Promise<void> => {
    await Promise.all([...devices.values()].map(device => device.stop()))
  }
  try {
    for (const [name, one] of ieds) {
      const port = options.ports?.get(name) ?? 0
      const device = { port, look: () => look(one), write: write.bind(undefined, one.ied) }
      devices.set(name, await startSimulatedDevice(device))
    }
  } catch (cause) {
    await stopAll()
    throw cause
  }
  plant.setTimeOfDay(startSecondsOfDay)
  settle()

  return {
    ports: new Map([...devices].map(([name, device]) => [name, device.port])),
    disturb: disturbance => change(() => plant.disturb(disturbance)),
    clearDisturbance: section => change(() => plant.clearDisturbance(section)),
    fault: fault => change(() => plant.fault(fault)),
    clearFault: section => change(() => plant.clearFault(section)),
    setLoadScale: scale => change(() => plant.setLoadScale(scale)),
    probeTemperature: (name, celsius) =>
      change(() => {
        hosted(name).temperatureC = celsius
      }),
    stickBreaker: (device, isStuck) => change(() => note(field.fail(device, 'stuck contacts', isStuck, now()))),
    operate: (device, to) => change(() => note(field.command(device, to === 'open' ? 'open' : 'close', now()))),
    history: () => ({ events: [...events], supply: [...supply] }),
    registers(name) {
      countEnergy()
      return hosted(name).energy.read()
    },
    snapshot: () => plant.snapshot(),
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await stopAll()
    },
  }
}

/** Generators, capacitors and loads have a contactor, which moves at once. */
function operateContactor(plant: Plant, { operates }: IedEntry, position: DevicePosition): void {
  const { file } = plant
  const isConnected = position === 'closed'
  if (operates === undefined) return
  if (file.generators.some(g => g.name === operates)) plant.setGenerator(operates, isConnected)
  if (file.capacitors.some(c => c.name === operates)) plant.setCapacitor(operates, isConnected)
  if (file.loads.some(l => l.name === operates)) plant.setLoad(operates, isConnected)
}

const sum = ({ a = 0, b = 0, c = 0 }: { readonly a?: number; readonly b?: number; readonly c?: number }): number =>
  a + b + c
