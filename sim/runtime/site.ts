// All field devices of a feeder in virtual time: one plant, the relays in its devices, and the meters' registers. Each IED
// gets its own through the same HAL port that a Modbus device has.
//
// Whatever changes the plant settles it at once: relays see it, what they do changes it in turn, and the energy up to that
// moment is counted with the powers that held until then. A device tells its IED of a change at the IED's next poll, as if
// it were polled every `statusPollMs`, without the cost of the polls in between.

import { type Hal, HalError, type Measurement, type Operation, type Position, type Status } from '../../src/hal/port.ts'
import type { Clock } from '../../src/node/clock.ts'
import type { DeviceEntry, FeederFile, IedEntry } from '../../topology/feeder-file.ts'
import { type Instant, instant } from '../../topology/units.ts'
import { type EnergyRegister, energyRegister } from '../devices/energy-register.ts'
import { createField, type Field, type FieldEvent, type InjectedFailure } from '../plant/field.ts'
import { createPlant, type Plant, type Shown, sheddableLoads } from '../plant/plant.ts'
import type { Chance } from './chance.ts'
import type { Scheduler } from './scheduler.ts'
import type { Life } from './virtual-clock.ts'

export interface SiteOptions {
  readonly statusPollMs: number
  /** How long a device takes to answer. */
  readonly answerMs: number
  /** How long an IED waits for its device. */
  readonly timeoutMs: number
}

export interface Site {
  /** To look at. Changes go through `change`. */
  readonly plant: Plant
  hal(ied: string, life: Life, clock: Clock): Hal
  change(apply: (plant: Plant) => void): void
  fail(device: string, failure: InjectedFailure, isFailed: boolean): void
  /** Somebody at the device opens or closes it by hand. */
  operate(device: string, target: 'open' | 'close'): void
  /** A device that does not answer its IED; its relay works on. */
  setSilent(ied: string, isSilent: boolean): void
  /** What the meter registers of each kWh that passes it: 1 when it is whole, 0 when it is stopped. */
  tamper(ied: string, share: number): void
  /** What really passed the meter, and what its register says, in Wh. */
  energy(ied: string): { readonly trueWh: bigint; readonly registeredWh: bigint }
  isTripped(device: string): boolean
  /** Called after each change of the plant, with what the relays did. */
  onSettled(run: (events: readonly FieldEvent[]) => void): void
}

interface Post {
  readonly ied: IedEntry
  readonly device: DeviceEntry | undefined
  readonly phaseMs: number
  /** As it is, and as its register has it. */
  readonly passed: EnergyRegister
  readonly registered: EnergyRegister
  share: number
  /** What passes it since `countedNs`. */
  kw: number
  countedNs: bigint
  isSilent: boolean
  /** What a change is noticed by. */
  status: string
  tell: (() => void) | undefined
}

const OUTCOME = { open: 'open', close: 'closed', trip: 'open' } as const
/** A read-back is tried so often, until the time-out. */
const READ_BACK_MS = 20

export function createSite(file: FeederFile, scheduler: Scheduler, chance: Chance, options: SiteOptions): Site {
  const plant = createPlant(file)
  const field: Field = createField(file, plant)
  const devices = new Map(file.devices.map(device => [device.name, device]))
  const posts = new Map<string, Post>(
    file.ieds.map(ied => [
      ied.name,
      {
        ied,
        device: ied.operates === undefined ? undefined : devices.get(ied.operates),
        phaseMs: chance.of(`poll/${ied.name}`)() * options.statusPollMs,
        passed: energyRegister(),
        registered: energyRegister(),
        share: 1,
        kw: 0,
        countedNs: 0n,
        isSilent: false,
        status: '',
        tell: undefined,
      },
    ]),
  )
  const listeners: ((events: readonly FieldEvent[]) => void)[] = []
  let cancelDeadline = (): void => {}
  const now = (): Instant => instant(scheduler.now())

  /** Each post for itself, when its power changes or somebody reads it: thousands of them are read each second. */
  function countEnergy(post: Post): void {
    const presentNs = BigInt(Math.round(scheduler.now() * 1e6))
    const elapsedNs = presentNs - post.countedNs
    post.countedNs = presentNs
    if (post.kw === 0 || elapsedNs === 0n) return
    post.passed.add(post.kw, elapsedNs)
    post.registered.add(post.kw * post.share, elapsedNs)
  }

  /** Works the relays after a change, counts from now on where power is another, and tells the IEDs that see a difference. */
  function settle(before: readonly FieldEvent[]): void {
    const events = [...before, ...field.advance(now())]
    cancelDeadline()
    const deadline = field.deadline()
    if (deadline !== undefined) cancelDeadline = scheduler.at(deadline, () => change(() => {}))
    for (const post of posts.values()) {
      const shown = field.shows(post.ied.name)
      const kw = (shown.kw.a ?? 0) + (shown.kw.b ?? 0) + (shown.kw.c ?? 0)
      if (kw !== post.kw) countEnergy(post)
      post.kw = kw
      const status = statusKey(shown, tripped(post), lockedOut(post))
      if (status === post.status) continue
      post.status = status
      tellAtNextPoll(post)
    }
    for (const listener of listeners) listener(events)
  }

  function change(apply: (plant: Plant) => void): void {
    const due = field.advance(now())
    apply(plant)
    settle(due)
  }

  function tellAtNextPoll(post: Post): void {
    const { statusPollMs } = options
    const polls = Math.floor((scheduler.now() - post.phaseMs) / statusPollMs) + 1
    scheduler.at(post.phaseMs + polls * statusPollMs, () => post.tell?.())
  }

  const tripped = ({ device }: Post): boolean => device !== undefined && field.relay(device.name).isTripped
  const lockedOut = ({ device }: Post): boolean => device !== undefined && field.relay(device.name).isLockedOut

  function hal(name: string, life: Life, clock: Clock): Hal {
    const post = postOf(name)
    let isClosed = false

    /** Something that the device does, after the time that it takes. */
    function asked<T>(answer: () => T): Promise<T> {
      return new Promise((resolve, reject) => {
        const wait = post.isSilent ? options.timeoutMs : options.answerMs
        scheduler.at(scheduler.now() + wait, () => {
          if (life.isOver) return
          if (isClosed) return reject(new HalError('HAL_UNREACHABLE', `${name}: closed`))
          if (post.isSilent) return reject(new HalError('HAL_TIMEOUT', `${name}: no answer in ${options.timeoutMs} ms`))
          try {
            resolve(answer())
          } catch (error) {
            reject(error as Error)
          }
        })
      })
    }

    function status(): Status {
      const shown = field.shows(name)
      return {
        at: clock.now(),
        ...(shown.position === undefined ? {} : { position: shown.position }),
        ...(shown.shed === undefined ? {} : { shed: shown.shed }),
        pickup: shown.pickup,
        groundPickup: shown.groundPickup,
        highSet: shown.highSet,
        tripped: tripped(post),
        ...(post.device === undefined ? {} : { lockedOut: lockedOut(post) }),
        sag: shown.sag,
        dead: shown.dead,
        ...(shown.farDead === undefined ? {} : { farDead: shown.farDead }),
        ...(shown.inSync === undefined ? {} : { inSync: shown.inSync }),
        entered: shown.entered,
        left: shown.left,
        ...(shown.residualPu === undefined ? {} : { residualPu: shown.residualPu }),
      }
    }

    function measurement(): Measurement {
      countEnergy(post)
      const { volts, amps, kw, kvar, frequencyHz } = plant.shows(name)
      return {
        at: clock.now(),
        utc: clock.utc(),
        volts,
        amps,
        kw,
        kvar,
        ...(frequencyHz === undefined ? {} : { frequencyHz }),
        // Relays measure angles; meters do not.
        ...(post.device?.relay === undefined ? {} : { phasors: plant.phasors(name) }),
        ...post.registered.read(),
      }
    }

    async function operate(operation: Operation): Promise<void> {
      await asked(() => command(post, operation))
      const until = scheduler.now() + options.timeoutMs
      while (scheduler.now() < until) {
        if (await asked(() => isDone(post, operation))) return
        await asked(() => new Promise<void>(done => void scheduler.at(scheduler.now() + READ_BACK_MS, done)))
      }
      throw new HalError('HAL_TIMEOUT', `${name}: ${operation}: outcome unknown`)
    }

    return {
      measure: () => asked(measurement),
      status: () => asked(status),
      operate,
      ...(post.device === undefined ? {} : { operations: ['open', 'close', 'trip'] as const }),
      waveform: request => asked(() => plant.waveform(name, request)),
      async close() {
        isClosed = true
      },
      onChange(run) {
        const tell = (): void => {
          if (!life.isOver) run()
        }
        post.tell = tell
        return () => {
          if (post.tell === tell) post.tell = undefined
        }
      },
    }
  }

  function command(post: Post, operation: Operation): void {
    const { ied, device } = post
    const unsupported = (): never => {
      throw new HalError('HAL_UNSUPPORTED', `${ied.name}: cannot ${operation}`)
    }
    if (operation === 'shed' || operation === 'restore') {
      const loads = sheddableLoads(file, ied)
      if (loads.length === 0) unsupported()
      return change(() => {
        for (const load of loads) plant.setShed(load, operation === 'shed')
      })
    }
    if (device !== undefined) return settle(field.command(device.name, operation, now()))
    if (ied.operates === undefined) unsupported()
    change(() => operateContactor(plant, ied, operation === 'close'))
  }

  function isDone(post: Post, operation: Operation): boolean {
    const { ied } = post
    if (operation === 'trip' && post.device !== undefined) return tripped(post)
    const { position, shed } = plant.shows(ied.name)
    if (operation === 'shed' || operation === 'restore') return shed === (operation === 'shed')
    return (position satisfies Position | undefined) === OUTCOME[operation]
  }

  function postOf(name: string): Post {
    const post = posts.get(name)
    if (post === undefined) throw new RangeError(`IED ${name}: not in feeder ${file.name}`)
    return post
  }

  change(() => {})
  return {
    plant,
    hal,
    change,
    fail: (device, failure, isFailed) => settle(field.fail(device, failure, isFailed, now())),
    operate: (device, target) => settle(field.command(device, target, now())),
    setSilent(name, isSilent) {
      postOf(name).isSilent = isSilent
    },
    tamper(name, share) {
      const post = postOf(name)
      countEnergy(post)
      post.share = share
    },
    energy(name) {
      const post = postOf(name)
      countEnergy(post)
      const { passed, registered } = post
      return { trueWh: passed.read().importWh, registeredWh: registered.read().importWh }
    },
    isTripped: device => field.relay(device).isTripped,
    onSettled: run => void listeners.push(run),
  }
}

/** Equal exactly when a device's status registers are. */
const statusKey = (shown: Shown, isTripped: boolean, isLockedOut: boolean): string =>
  [
    shown.position,
    shown.shed,
    shown.pickup,
    shown.highSet,
    isTripped,
    isLockedOut,
    shown.farDead,
    shown.inSync,
    shown.sag,
    shown.dead,
    shown.entered,
    shown.left,
    shown.residualPu,
  ].join()

/** Generators, capacitors and loads have a contactor, which moves at once. */
function operateContactor(plant: Plant, { operates }: IedEntry, isConnected: boolean): void {
  const { file } = plant
  if (operates === undefined) return
  if (file.generators.some(g => g.name === operates)) plant.setGenerator(operates, isConnected)
  if (file.capacitors.some(c => c.name === operates)) plant.setCapacitor(operates, isConnected)
  if (file.loads.some(l => l.name === operates)) plant.setLoad(operates, isConnected)
}
