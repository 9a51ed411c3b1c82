// What orders do inside the agent, and by orders to other IEDs: everything but the operation of its own device.

import { toCbor } from '../../topology/cbor.ts'
import { lastReading } from '../aggregation/last-reading.ts'
import { factorOf, multiplied } from '../aggregation/multiplier.ts'
import type { Order, Outcome, Part, Reason } from '../protection/command.ts'
import { type Opening, planDeEnergise } from '../protection/de-energise.ts'
import type { Acted, ComponentContext } from './component.ts'
import { keepSetting, withSetting } from './run-time-settings.ts'
import type { SignedOrder } from './signed-order.ts'
import { missingGroup } from './software-relay-settings.ts'
import type { StandingInhibit } from './standing-inhibit.ts'

const done = (words: string): Acted => ({ result: 'done', words })
const refused = (reason: Reason, words: string): Acted => ({ result: 'refused', reason, words: words.slice(0, 400) })

const NO_TESTS = 'no site test can be played here'
const NO_SWITCH = 'no switching device is operated here'

/** Orders to others have to be answered while the first one is still waited for. */
const PART_MS = 7000

export function agentActs(context: ComponentContext, inhibit: StandingInhibit) {
  const { bus, ledger, store, clock, feeder, log, hal } = context
  let config = context.config

  /** @param by who ordered it, for records */
  return async function act(
    { what, cause, id }: Order,
    { by, isMachine = false, signed }: { by: string; isMachine?: boolean; signed?: SignedOrder | undefined },
  ): Promise<Acted> {
    try {
      switch (what.verb) {
        case 'inhibit':
          await inhibit.set(what.minutes, by)
          return done(what.minutes === 0 ? 'no inhibit stands' : `an inhibit stands for ${what.minutes} min`)
        case 'reset-billing':
          return await resetBilling(by, cause)
        case 'accept-device':
          return await acceptDevice(by)
        case 'reset-origin':
          if (!feeder.file.ieds.some(({ name }) => name === what.origin)) {
            return refused('bad-value', `the feeder file names no IED "${what.origin}"`)
          }
          bus.emit('reset-origin', { origin: what.origin })
          return done(`warnings of ${what.origin} are believed again`)
        case 'acknowledge':
          return await answered(`${context.name} keeps no alerts`, answer =>
            bus.emit('acknowledge', { id: what.alert, by, answer }),
          )
        case 'reset':
          return await answered(`nothing of the name "${what.name}" can latch here`, answer =>
            bus.emit('reset', { name: what.name, by, answer }),
          )
        case 'release':
          return release(by, isMachine)
        case 'price':
          return await answered(`nobody goes by prices at ${context.name}`, answer =>
            bus.emit('price', { perKwh: what.perKwh, minutes: what.minutes, by, answer }),
          )
        case 'tag':
        case 'untag': {
          const words = what.verb === 'tag' ? what.words : ''
          return await answered(NO_SWITCH, answer =>
            bus.emit('tag', { stands: what.verb === 'tag', words, by, answer }),
          )
        }
        case 'note': {
          const { words } = what
          const given = signed?.envelopes ?? []
          return await answered(`${context.name} keeps no maintenance history`, answer =>
            bus.emit('note', { words, signed: given, by, answer }),
          )
        }
        case 'edit-reading': {
          if (signed === undefined || isMachine) return refused('not-authorised', 'a reading is edited by a person')
          const { verb: _, ...wanted } = what
          return await answered(`${context.name} has no readings of its own`, answer =>
            bus.emit('edit-reading', { ...wanted, signed, by, answer }),
          )
        }
        case 'return-to-normal':
          return await answered(NO_SWITCH, answer => bus.emit('return-to-normal', { by, answer }))
        case 'site-test': {
          if (signed === undefined) return refused('malformed', 'a site test is ordered by a person')
          const { verb: _, ...played } = what
          const wanted = { ...played, test: id, signed, by }
          return await answered(NO_TESTS, answer => bus.emit('site-test', { ...wanted, answer }))
        }
        case 'join-site-test': {
          const { verb: _, ...played } = what
          const wanted = { ...played, by }
          return await answered(NO_TESTS, answer => bus.emit('join-site-test', { ...wanted, answer }))
        }
        case 'end-site-test':
          return await answered(NO_TESTS, answer => bus.emit('end-site-test', { by, answer }))
        case 'set':
          return await set(what.key, what.value, by)
        case 'send-data':
          bus.emit('send-data', {})
          return done('forwarding has begun')
        case 'record':
          if (hal?.onSamples === undefined && hal?.waveform === undefined) {
            return refused('not-supported', 'its device gives no samples')
          }
          bus.emit('record-waveform', { kind: 'command', words: cause === undefined ? by : `${by}: ${cause}` })
          return done('a recording of now is kept, see feedermesh events')
        case 'de-energise':
          return await deEnergise(what.section, signed)
        default:
          throw new Error(`invariant: ${what.verb} is the device's`)
      }
    } catch (error) {
      log.error('order-failed', { order: what.verb, reason: (error as Error).message })
      return { result: 'failed', words: (error as Error).message.slice(0, 400) }
    }
  }

  /** A machine takes its own word back; a person ends those of people and machines alike. */
  function release(by: string, isMachine: boolean): Acted {
    const { all } = context.loads
    if (all.length === 0) return refused('not-supported', `${context.name} moves no load`)
    for (const desk of all) {
      if (isMachine) desk.release('central', by)
      else desk.release(['person', 'central'])
    }
    return done(`${all.map(({ name }) => name).join(', ')}: left to the automatic functions`)
  }

  /** A mark in the ledger, from which the next billing period counts. Registers and readings stay as they are. */
  async function resetBilling(by: string, cause = ''): Promise<Acted> {
    const last = await lastReading(ledger)
    if (last === undefined) return refused('not-supported', 'there is no reading yet from which a period could begin')
    const at = new Date(last.endUtcMs).toISOString()
    const factor = factorOf(last.multiplier)
    const delivered = multiplied(last.importWhEnd, factor)
    const content = {
      event: 'billing-reset',
      by,
      cause,
      periodEndUtcMs: last.endUtcMs,
      importWh: delivered,
      exportWh: multiplied(last.exportWhEnd, factor),
      resetUtcMs: Math.floor(clock.utc()),
    }
    const { number } = await ledger.append('operation', toCbor(content))
    bus.emit('appended', { number })
    return done(`the billing period ended at ${at} with ${delivered} Wh delivered; record ${number}`)
  }

  async function acceptDevice(by: string): Promise<Acted> {
    let answer: Promise<string | undefined> | undefined
    bus.emit('accept-device', {
      by,
      answer(done) {
        answer = done
      },
    })
    if (answer === undefined) return refused('not-supported', 'nobody watches the identity of the device here')
    const words = await answer
    return words === undefined ? done('the device is the accepted one') : done(words.slice(0, 400))
  }

  async function set(key: string, value: string | number | boolean, by: string): Promise<Acted> {
    const next = withSetting(config, key, value)
    if (typeof next === 'string') return refused('bad-value', next)
    const missing = key === 'softwareRelay.group' ? missingGroup(feeder, context.name, String(value)) : undefined
    if (missing !== undefined) return refused('bad-value', missing)
    await keepSetting(store, key, value)
    config = next
    bus.emit('setting', { key, value, config })
    bus.emit('audit', { kind: 'configuration', subject: by, allowed: true, words: `set ${key} to ${value}` })
    return done(`${key} is ${value} from now on`)
  }

  async function deEnergise(section: string, signed: SignedOrder | undefined): Promise<Acted> {
    if (!feeder.file.ieds.some(({ name }) => name === context.name)) {
      return refused('cannot-plan', `${context.name} does not follow positions: give the order to an IED`)
    }
    if (!feeder.file.sections.some(({ name }) => name === section)) {
      return refused('bad-value', `the feeder file has no section "${section}"`)
    }
    const plan = planDeEnergise(feeder, section)
    if (typeof plan === 'string') return refused('cannot-plan', plan)
    const first = plan.openings.filter(({ verb }) => verb === 'disconnect')
    const then = plan.openings.filter(({ verb }) => verb === 'open')
    const parts = [
      ...(await Promise.all(first.map(each => orderPart(each, section, signed)))),
      ...(await Promise.all(then.map(each => orderPart(each, section, signed)))),
    ]
    return sum(section, parts, plan.ungoverned)
  }

  async function orderPart(
    { ied, device, verb }: Opening,
    section: string,
    cited: SignedOrder | undefined,
  ): Promise<Part> {
    try {
      const outcome: Outcome = await context.order({
        to: ied,
        what: { verb },
        cause: `de-energise ${section}`,
        timeoutMs: PART_MS,
        ...(cited === undefined ? {} : { cited }),
      })
      return { ied, device, result: outcome.result, words: outcome.words }
    } catch (error) {
      return { ied, device, result: 'refused', words: (error as Error).message.slice(0, 400) }
    }
  }
}

/** By the component that has it: the first one to answer while it is asked. */
function answered(otherwise: string, ask: (answer: (outcome: Promise<Acted>) => void) => void): Promise<Acted> {
  let outcome: Promise<Acted> | undefined
  ask(given => {
    outcome ??= given
  })
  return outcome ?? Promise.resolve(refused('not-supported', otherwise))
}

/** The section is dead when every part is done and nothing else feeds it. */
function sum(section: string, parts: readonly Part[], ungoverned: readonly string[]): Acted {
  const open = parts.filter(({ result }) => result !== 'done')
  if (open.length === 0 && ungoverned.length === 0) {
    const how = parts.length === 0 ? 'it was dead already' : `open: ${parts.map(({ device }) => device).join(', ')}`
    return { result: 'done', words: `${section} has no source: ${how}`, parts }
  }
  const lacking = [
    ...open.map(({ ied, device, result }) => `${device} (${ied}): ${result}`),
    ...ungoverned.map(generator => `${generator}: no IED operates it`),
  ].join('; ')
  const isUnknown = open.every(({ result }) => result === 'unknown') && ungoverned.length === 0
  return { result: isUnknown ? 'unknown' : 'failed', words: `${section} may be live: ${lacking}`.slice(0, 500), parts }
}
