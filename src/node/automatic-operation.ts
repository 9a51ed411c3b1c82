// Operations that an agent does of its own accord, by a setpoint: one after the other, held back by an inhibit, closing
// only where an order might, read back by the device, and recorded. What is so already is left alone.

import { serialQueue } from '../aggregation/serial-queue.ts'
import { closingJoins, closingRefusal } from '../protection/closing-check.ts'
import { type DeviceVerb, type OrderedOperation, orderedOperation } from '../protection/ordered-operation.ts'
import type { ComponentContext } from './component.ts'
import { NodeError } from './node-error.ts'
import { canOperate, operable } from './operable.ts'

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

export function automaticOperations(context: ComponentContext) {
  const { hal, bus, feeder, name } = context
  const inTurn = serialQueue()
  const lockouts = new Set<string>()
  let isInhibited = false
  const cancels = [
    bus.on('inhibited', ({ stands }) => {
      isInhibited = stands
    }),
    bus.on('lockout', ({ name: by, stands }) => void (stands ? lockouts.add(by) : lockouts.delete(by))),
  ]

  async function operate(wanted: OrderedOperation, cause: string): Promise<Operated> {
    const { operation } = wanted
    if (isInhibited) return heldBack(operation, cause, 'an inhibit stands here')
    try {
      const status = await operable(hal).status()
      const isAt =
        wanted.of === 'sheddable' ? status.shed === (operation === 'shed') : status.position === at[operation]
      if (isAt) return 'was so'
      if (operation === 'close' || operation === 'restore') {
        const refusal = closingRefusal({
          of: wanted.of,
          position: status.position,
          pickup: status.pickup,
          inhibited: isInhibited,
          lockedOut: [...lockouts].sort()[0],
          joins: wanted.of === 'switch' ? closingJoins(feeder, wanted.device) : 'nothing',
          energised: wanted.of === 'generator' ? feeder.energised(feeder.ied(name).node) : 'yes',
        })
        if (refusal !== undefined) return heldBack(operation, cause, refusal)
      }
      await operable(hal).operate(operation)
      context.report('operated', { operation, cause })
      return 'done'
    } catch (error) {
      context.report('alarm', { alarm: 'operation-failed', operation, cause, reason: (error as Error).message })
      return 'failed'
    }
  }

  function heldBack(operation: string, cause: string, reason: string): Operated {
    context.report('reaction-inhibited', { operation, cause, reason })
    return 'held back'
  }

  return {
    operate: (wanted: OrderedOperation, cause: string): Promise<Operated> => inTurn(() => operate(wanted, cause)),
    /** Resolves when what is under way has ended. */
    async stop(): Promise<void> {
      for (const cancel of cancels) cancel()
      await inTurn(async () => {})
    },
  }
}

const at: Readonly<Record<string, 'open' | 'closed' | undefined>> = { open: 'open', close: 'closed' }
