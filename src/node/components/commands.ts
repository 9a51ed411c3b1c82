// The command desk of this agent: takes orders for it, carries them out, and answers with their outcome. What becomes of an
// order is decided in src/protection/command-desk.ts.

import { toCbor } from '../../../topology/cbor.ts'
import { HalError, type Status } from '../../hal/port.ts'
import { type Envelope, readEnvelope } from '../../mesh/envelope.ts'
import { printable } from '../../mesh/refusal.ts'
import { closingJoins, type Surroundings } from '../../protection/closing-check.ts'
import {
  commandId,
  decodeOrder,
  isOperationSealed,
  type Order,
  type Outcome,
  orderWords,
  SEALED_OPERATION,
} from '../../protection/command.ts'
import {
  commandDesk,
  type DeskAction,
  type DeskEvent,
  type DeskSettings,
  deskPatience,
  deskStart,
} from '../../protection/command-desk.ts'
import { isDeviceVerb, type OrderedOperation, orderedOperation } from '../../protection/ordered-operation.ts'
import { agentActs } from '../agent-acts.ts'
import { whoIs } from '../command-authority.ts'
import { type CommandQuestion, encodeTicket, sealOutcome } from '../command-protocol.ts'
import { isMachine } from '../command-rights.ts'
import { commandTickets } from '../command-ticket.ts'
import type { Component, ComponentContext } from '../component.ts'
import { feederMark } from '../feeder-mark.ts'
import { keptOrders } from '../kept-orders.ts'
import type { Said } from '../load-desk.ts'
import { canOperate, operable } from '../operable.ts'
import { orderJudge } from '../order-judgement.ts'
import { sealedOutcome } from '../order-sealing.ts'
import type { SignedOrder } from '../signed-order.ts'
import { standingInhibit } from '../standing-inhibit.ts'
import { trusted } from '../trusted-status.ts'

/** Orders being checked or carried out, and their repeats. More are turned away unread. */
const AT_ONCE = 32

export const commandsComponent: Component = {
  name: 'commands',
  async start(context) {
    const { name, feeder, hal, clock, bus, ledger, log, config, links } = context
    const mark = feederMark(feeder)
    const kept = keptOrders(context.store)
    const inhibit = await standingInhibit(context)
    const act = agentActs(context, inhibit)
    const tickets = commandTickets({
      peerId: links.peerId,
      epoch: context.epoch,
      now: clock.now,
      sign: context.sign,
      verify: context.verify,
    })
    const judge = orderJudge({
      name,
      feeder,
      policy: { ...config.commands, organisation: context.credential.organisation },
      checks: {
        verify: context.verify,
        feeder: mark,
        checkCredential: context.checkCredential,
        open: context.sealing.open,
      },
      tickets,
      utc: clock.utc,
      utcGood: clock.utcGood,
    })
    const readOnly = config.device?.readOnly === true || (hal !== undefined && !canOperate(hal))
    const operationsHere = operationsOf(context)
    const step = commandDesk({
      ied: name,
      operation: operationsHere,
      readOnly,
      patience: deskPatience,
    })
    const before = await kept.all()
    let state = deskStart(before, clock.now())
    for (const { outcome, id } of before) {
      if (outcome === undefined) context.report('alarm', { alarm: 'order-interrupted', command: id })
    }
    const cancelReady = bus.on('ready-asked', ({ answer }) => {
      if (hal === undefined) return
      const bars = [...(inhibit.stands() ? ['an inhibit stands'] : []), ...[...lockouts].sort()]
      const why = readOnly
        ? 'its device is read-only'
        : bars.length === 0
          ? undefined
          : `closing is refused: ${bars.join(', ')}`
      answer({ scheme: 'orders', ready: !readOnly, ...(why === undefined ? {} : { why }) })
    })
    const wakes = new Set<() => void>()
    /** What has latched, and keeps the device from being closed. */
    const lockouts = new Set<string>()
    /** By the agent's own sync check, beside what the device's may say. */
    let isInSync = false
    const cancelSync = bus.on('inSync', ({ stands }) => {
      isInSync = stands
    })
    const cancelLockouts = bus.on(
      'lockout',
      each => void (each.stands ? lockouts.add(each.name) : lockouts.delete(each.name)),
    )
    /** Who waits for which answer. */
    const waiting = new Map<number, (outcome: Outcome) => void>()
    /** The orders under way as they came, for the orders that they make necessary; and who signed them. */
    const signedBy = new Map<
      string,
      { readonly signed: SignedOrder; readonly by: string; readonly isMachine: boolean; requests: number }
    >()
    let requests = 0
    let sequence = 0
    let stopped = false

    function feed(event: DeskEvent): void {
      if (stopped) return
      const next = step(state, event, clock.now())
      state = next.state
      for (const action of next.actions) perform(action)
    }

    function perform(action: DeskAction): void {
      switch (action.kind) {
        case 'look':
          return void look(action.operation, action.order).then(found =>
            feed({ kind: 'looked', step: action.step, ...found }),
          )
        case 'record':
          return void record(action).then(durable => feed({ kind: 'recorded', step: action.step, durable }))
        case 'operate':
          return void operate(action.operation, action.order).then(acted =>
            feed({ kind: 'acted', step: action.step, ...acted }),
          )
        case 'act': {
          const { signed, by = '', isMachine = true } = signedBy.get(commandId(action.order)) ?? {}
          return void act(action.order, { by, isMachine, signed }).then(acted =>
            feed({ kind: 'acted', step: action.step, ...acted }),
          )
        }
        case 'answer':
          for (const request of action.requests) waiting.get(request)?.(action.outcome)
          return
        case 'forget':
          return void kept
            .forget(action.ids)
            .catch(error => log.warn('orders-not-forgotten', { reason: (error as Error).message }))
        case 'wake': {
          const cancel = clock.wakeAt(action.at, () => {
            wakes.delete(cancel)
            feed({ kind: 'tick' })
          })
          wakes.add(cancel)
        }
      }
    }

    /** What an order says at the load desk: a machine of its own accord as a central one, all others as a person. */
    function wordOf({ operation }: OrderedOperation, order: Order): Said {
      const { by = order.by, isMachine = true } = signedBy.get(commandId(order)) ?? {}
      const { what, cause = '' } = order
      const minutes = 'minutes' in what ? what.minutes : undefined
      return {
        rank: isMachine ? 'central' : 'person',
        by,
        wish: operation === 'close' || operation === 'restore' ? 'on' : 'off',
        why: cause,
        ...(minutes === undefined ? {} : { minutes }),
      }
    }

    function operationOf({ what: { verb } }: Order): OrderedOperation | undefined {
      const operation = isDeviceVerb(verb) ? operationsHere(verb) : undefined
      return typeof operation === 'object' ? operation : undefined
    }

    async function look(operation: OrderedOperation | undefined, order: Order) {
      const held = operation && context.loads.of(operation)?.refusal(wordOf(operation, order))
      const around: Surroundings = {
        inhibited: inhibit.stands(),
        lockedOut: [...lockouts].sort()[0],
        joins: operation?.of === 'switch' ? closingJoins(feeder, operation.device) : 'nothing',
        energised: operation?.of === 'generator' ? feeder.energised(feeder.ied(name).node) : 'yes',
      }
      try {
        const { position, shed, pickup, dead, farDead, inSync }: Partial<Status> =
          hal === undefined ? {} : trusted(await hal.status())
        const seen = { position, shed, pickup, dead, farDead, inSync: inSync === true || isInSync }
        return { seen, around, held }
      } catch (error) {
        log.info('order-device-silent', { reason: (error as Error).message })
        return { seen: undefined, around, held }
      }
    }

    /** Its number first: after a crash between the two the order is known to have begun, and is not carried out again. */
    async function record({ order, digest, outcome }: DeskAction & { kind: 'record' }): Promise<boolean> {
      const id = commandId(order)
      const wanted = operationOf(order)
      if (wanted !== undefined && outcome?.result === 'done') context.loads.of(wanted)?.noted(wordOf(wanted, order), id)
      try {
        await kept.put({ id, digest, ...(outcome === undefined ? {} : { outcome }) })
        const by = signedBy.get(id)?.by ?? order.by
        const content = {
          event: outcome === undefined ? 'order' : 'order-outcome',
          command: id,
          by,
          order: orderWords(order),
          ...(order.cause === undefined ? {} : { cause: order.cause }),
          ...(outcome === undefined
            ? signedPortions(order)
            : { result: outcome.result, words: isOperationSealed(order) ? SEALED_OPERATION : outcome.words }),
        }
        const { number } = await ledger.append('operation', toCbor(content))
        bus.emit('appended', { number })
        return true
      } catch (error) {
        log.error('order-not-recorded', { command: id, reason: (error as Error).message })
        return false
      }
    }

    /** As it came, so that whoever reads the record verifies it, and opens what is for him. */
    function signedPortions(order: Order) {
      const signed = order.portions === undefined ? undefined : signedBy.get(commandId(order))?.signed
      if (signed === undefined) return {}
      return { signed: { envelopes: [...signed.envelopes], credentials: [...signed.credentials] } }
    }

    async function operate(operation: OrderedOperation['operation'], order: Order) {
      try {
        const wanted = operationOf(order)
        const load = wanted && context.loads.of(wanted)
        if (wanted !== undefined && load !== undefined) await load.order(wordOf(wanted, order), commandId(order))
        else await operable(hal).operate(operation)
        context.report('operated', {
          operation,
          cause: order.cause ?? 'command',
          by: signedBy.get(commandId(order))?.by,
        })
        return { result: 'done' as const, words: 'done' }
      } catch (error) {
        const { message } = error as Error
        context.report('alarm', { alarm: 'operation-failed', operation, reason: message })
        const isKnown = error instanceof HalError && error.code !== 'HAL_TIMEOUT' && error.code !== 'HAL_BAD_FRAME'
        return { result: isKnown ? ('failed' as const) : ('unknown' as const), words: message.slice(0, 400) }
      }
    }

    // Questions ----------------------------------------------------------------------------------------------------------

    context.commandPost.answerHere(async question => {
      if (question.kind === 'select') return encodeTicket(tickets.give(question.by))
      const outcome = await take(question)
      return sealOutcome(await forItsIssuers(question.order, outcome), {
        credential: context.credential,
        epoch: context.epoch,
        sequence: sequence++,
        feeder: mark,
        utc: clock.utc(),
        utcGood: clock.utcGood(),
        sign: context.sign,
      })
    })

    function forItsIssuers({ envelopes }: SignedOrder, outcome: Outcome): Promise<Outcome> {
      const read = envelopes.map(raw => readEnvelope(raw, context.verify).envelope)
      const keys = read.flatMap(({ origin }) => context.sealingKeyOf({ peerId: origin }) ?? [])
      return sealedOutcome(decodeOrder((read[0] as Envelope).payload), outcome, keys, context.sealing)
    }

    async function take({ order: signed, cited }: CommandQuestion & { kind: 'order' }): Promise<Outcome> {
      if (waiting.size >= AT_ONCE) throw new Error(`${name} has ${AT_ONCE} orders to answer, ask again`)
      const request = requests++
      const answered = new Promise<Outcome>(resolve => void waiting.set(request, resolve))
      try {
        const judged = await judge(signed, cited).catch((error: Error) => error)
        if (judged instanceof Error) return turnedAway(signed, judged)
        const { order, signers } = judged
        const id = commandId(order)
        const by = signers.map(whoIs).join(' and ')
        // Who de-energises a section for a person does it in the person's name.
        const machine = cited === undefined && signers.every(({ roles }) => isMachine(roles))
        const known = signedBy.get(id) ?? { signed, by, isMachine: machine, requests: 0 }
        known.requests++
        signedBy.set(id, known)
        feed({ kind: 'order', request, ...judged })
        if (stopped) throw new Error(`${name} is stopping`)
        const outcome = await answered
        if (--known.requests === 0) signedBy.delete(id)
        told(order, by, outcome)
        return outcome
      } finally {
        waiting.delete(request)
      }
    }

    /** Signatures or credentials that do not count. What is not even an order is answered by those on the way. */
    function turnedAway({ envelopes: [first] }: SignedOrder, error: Error): Outcome {
      audit('somebody', false, `order turned away: ${error.message}`)
      const order = decodeOrder(readEnvelope(first as Uint8Array, context.verify).envelope.payload)
      const words = error.message.slice(0, 400)
      return { command: commandId(order), ied: name, result: 'refused', reason: 'not-authorised', words }
    }

    function told(given: Order, by: string, { result, words: said, reason, command }: Outcome): void {
      const { cause } = given
      const order = orderWords(given)
      const words = isOperationSealed(given) ? SEALED_OPERATION : said
      audit(by, result !== 'refused', `${order}${cause === undefined ? '' : ` (${cause})`}: ${result}: ${words}`)
      const fields = { order, by, command, words, ...(reason === undefined ? {} : { reason }) }
      context.report(result === 'refused' ? 'order-refused' : 'ordered', { ...fields, result })
    }

    const audit = (subject: string, allowed: boolean, words: string): void =>
      bus.emit('audit', { kind: 'role-use', subject: printable(subject), allowed, words: printable(words) })

    return {
      stop() {
        stopped = true
        inhibit.stop()
        cancelLockouts()
        cancelSync()
        cancelReady()
        for (const cancel of wakes) cancel()
        context.commandPost.answerHere(async () => {
          throw new Error(`${name} is stopping`)
        })
      },
    }
  },
}

/** A peer without an IED of its own in the feeder file, such as a back-end peer, has nothing to operate. */
function operationsOf({ name, feeder, hal }: ComponentContext): DeskSettings['operation'] {
  const ied = feeder.file.ieds.find(each => each.name === name)
  return verb => {
    if (ied === undefined) return `${name} is no IED of this feeder`
    return hal === undefined ? `${name} has no field device` : orderedOperation(verb, ied, feeder.file)
  }
}
