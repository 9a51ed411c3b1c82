// Operations that an agent does of its own accord, by a setpoint: held back by an inhibit, closing only where an order
// might, read back by the device, and recorded. What is so already is left alone, if the device can be believed in that.
//
// What is a load, generator or capacitor is moved only where no person keeps it otherwise, and the load desk is told: what
// stands for it then counts there. Who takes his own opening back leaves the load to the desk while others want it off.
//
// Closings go one after the other. An opening waits for none of them, and what has not closed yet by then does not close.

import { serialQueue } from '../aggregation/serial-queue.ts'
import type { Status } from '../hal/port.ts'
import { closingJoins, closingRefusal } from '../protection/closing-check.ts'
import type { Wish } from '../protection/load/precedence.ts'
import { type DeviceVerb, type OrderedOperation, orderedOperation } from '../protection/ordered-operation.ts'
import type { ComponentContext } from './component.ts'
import { NodeError } from './node-error.ts'
import { canOperate, operable } from './operable.ts'
import { trusted } from './trusted-status.ts'

export const automaticVerbs = ['open', 'close', 'connect', 'disconnect', 'shed'] as const
/** As orders have them, and `shed`: the load that may be dropped, also where the IED has a switch. */
export type AutomaticVerb = (typeof automaticVerbs)[number]

const BACK: Readonly<Record<OrderedOperation['operation'], OrderedOperation['operation']>> = {
  open: 'close',
  close: 'open',
  shed: 'restore',
  restore: 'shed',
}
export const opposite = (of: OrderedOperation): OrderedOperation => ({ ...of, operation: BACK[of.operation] })

/** @param where in the configuration, for the complaint @throws NodeError BAD_INPUT when this agent cannot do it */
export function automaticOperationOf(
  { feeder, name, hal, config }: Pick<ComponentContext, 'feeder' | 'name' | 'hal' | 'config'>,
  verb: AutomaticVerb,
  where: string,
): OrderedOperation {
  const ied = feeder.file.ieds.find(each => each.name === name)
  const refuse = (why: string): never => {
    throw new NodeError('BAD_INPUT', `${where}: ${verb}: ${why}`)
  }
  if (ied === undefined || hal === undefined) return refuse(`${name} has no field device to operate`)
  if (config.device?.readOnly === true || !canOperate(hal)) return refuse('the device is read-only')
  if (verb === 'shed') {
    const load = feeder.file.loads.find(each => ied.meters.includes(each.name) && each.sheddableShare > 0)
    if (load === undefined) return refuse(`${name} meters no load that may be shed`)
    return { operation: 'shed', of: 'sheddable', device: load.name }
  }
  const operation = orderedOperation(verb as DeviceVerb, ied, feeder.file)
  return typeof operation === 'string' ? refuse(operation) : operation
}

/** `done`: read back. `was so`: nothing was done. */
export type Operated = 'done' | 'was so' | 'held back' | 'failed'

/** Why it must not close, in words; undefined when it may. */
export type MayNot = () => string | undefined

export function automaticOperations(context: ComponentContext) {
  const { hal, bus, feeder, name } = context
  const inTurn = serialQueue()
  const lockouts = new Set<string>()
  let isInhibited = false
  /** By the agent's own sync check, beside what the device's may say. */
  let isInSync = false
  const cancels = [
    bus.on('inSync', ({ stands }) => {
      isInSync = stands
    }),
    bus.on('inhibited', ({ stands }) => {
      isInhibited = stands
    }),
    bus.on('lockout', ({ name: by, stands }) => void (stands ? lockouts.add(by) : lockouts.delete(by))),
  ]

  let closings = 0
  let openings = 0
  const opening = new Set<Promise<Operated>>()

  async function open(wanted: OrderedOperation, cause: string): Promise<Operated> {
    const { operation } = wanted
    if (isInhibited) return heldBack(operation, cause, 'an inhibit stands here')
    const refusal = heldOtherwise(wanted, cause)
    if (refusal !== undefined) return heldBack(operation, cause, refusal)
    openings++
    // Beside a closing that is under way, what the device shows is about to change. One that does not answer, or cannot be
    // believed, is opened all the same.
    const status = closings > 0 ? undefined : await look().catch(() => undefined)
    if (status !== undefined && isSo(wanted, status)) return 'was so'
    return carryOut(wanted, cause)
  }

  async function close(wanted: OrderedOperation, cause: string, mayNot: MayNot): Promise<Operated> {
    const { operation } = wanted
    if (isInhibited) return heldBack(operation, cause, 'an inhibit stands here')
    const before = openings
    closings++
    try {
      const status = await look()
      if (isSo(wanted, status)) return 'was so'
      const other = heldOtherwise(wanted, cause)
      if (other !== undefined) return heldBack(operation, cause, other)
      const refusal = closingRefusal({
        of: wanted.of,
        position: status.position,
        pickup: status.pickup,
        dead: status.dead,
        farDead: status.farDead,
        inSync: status.inSync === true || isInSync,
        inhibited: isInhibited,
        lockedOut: [...lockouts].sort()[0],
        joins: wanted.of === 'switch' ? closingJoins(feeder, wanted.device) : 'nothing',
        energised: wanted.of === 'generator' ? feeder.energised(feeder.ied(name).node) : 'yes',
      })
      if (refusal !== undefined) return heldBack(operation, cause, refusal)
      if (openings !== before) return heldBack(operation, cause, 'it has been opened in between')
      const spoiled = mayNot()
      if (spoiled !== undefined) return heldBack(operation, cause, spoiled)
      return await carryOut(wanted, cause)
    } catch (error) {
      return failed(operation, cause, error)
    } finally {
      closings--
    }
  }

  const look = async (): Promise<Status> => trusted(await operable(hal).status())
  const isSo = ({ of, operation }: OrderedOperation, { shed, position }: Status): boolean =>
    of === 'sheddable' ? shed === (operation === 'shed') : position === at[operation]

  const wishOf = ({ operation }: OrderedOperation): Wish =>
    operation === 'close' || operation === 'restore' ? 'on' : 'off'
  const heldOtherwise = (wanted: OrderedOperation, cause: string): string | undefined =>
    context.loads.of(wanted)?.refusal({ rank: 'protection', by: cause, wish: wishOf(wanted) })

  async function carryOut(wanted: OrderedOperation, cause: string): Promise<Operated> {
    const { operation } = wanted
    try {
      await operable(hal).operate(operation)
      context.report('operated', { operation, cause })
      return 'done'
    } catch (error) {
      return failed(operation, cause, error)
    }
  }

  function failed(operation: string, cause: string, error: unknown): Operated {
    context.report('alarm', { alarm: 'operation-failed', operation, cause, reason: (error as Error).message })
    return 'failed'
  }

  function heldBack(operation: string, cause: string, reason: string): Operated {
    context.report('reaction-inhibited', { operation, cause, reason })
    return 'held back'
  }

  return {
    /** For as long as the cause stands, its word counts beside those of others. */
    hold(wanted: OrderedOperation, cause: string): void {
      const desk = context.loads.of(wanted)
      desk?.use(cause)
      desk?.say({ rank: 'protection', by: cause, wish: wishOf(wanted), why: '', isTried: true })
    },
    /** @returns whether others want off what is to be driven back: the load desk has it then */
    letGo(wanted: OrderedOperation, cause: string, isToBeDrivenBack: boolean): boolean {
      const desk = context.loads.of(wanted)
      if (desk === undefined) return false
      desk.release('protection', cause)
      if (!isToBeDrivenBack || wishOf(wanted) === 'on' || desk.wanted() !== 'off') return false
      desk.release('protection', cause, { adopt: true })
      return true
    },
    /** @param mayNot asked at the last moment before it closes */
    operate(wanted: OrderedOperation, cause: string, mayNot: MayNot = () => undefined): Promise<Operated> {
      const { operation } = wanted
      if (operation === 'close' || operation === 'restore') return inTurn(() => close(wanted, cause, mayNot))
      const done: Promise<Operated> = open(wanted, cause).finally(() => opening.delete(done))
      opening.add(done)
      return done
    },
    /** Resolves when what is under way has ended. */
    async stop(): Promise<void> {
      for (const cancel of cancels) cancel()
      await Promise.all([...opening, inTurn(async () => {})])
    },
  }
}

const at: Readonly<Record<string, 'open' | 'closed' | undefined>> = { open: 'open', close: 'closed' }
