// The shell of transfer trip: at the IED of a breaker or recloser that feeds generators, the trip of its device is said to
// those below for as long as it stands; at a generator's IED it opens the generator. The decision is in
// src/protection/transfer-trip.ts, the repeating in state-message.ts.
//
// Whose transfer trip counts is the receiver's own configuration: `protection` of that organisation, for this type.

import { duration } from '../../../topology/units.ts'
import type { Place } from '../../mesh/authority.ts'
import { transferTripMessage } from '../../protection/messages.ts'
import { type SayEvent, type Saying, sayState, silent } from '../../protection/state-message.ts'
import { noTransferTrip, transferTrip } from '../../protection/transfer-trip.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component } from '../component.ts'
import { neighbourhood, type Route } from '../neighbourhood.ts'
import { operable } from '../operable.ts'
import { perTopology } from '../per-topology.ts'

const SAYING = { firstGap: duration(10), heartbeat: duration(2000), leastLifetime: duration(2000) }
const INTERRUPTERS: ReadonlySet<string> = new Set(['breaker', 'recloser'])

export const transferTripComponent: Component = {
  name: 'transfer-trip',
  start(context) {
    const { feeder, messenger, clock, bus, hal, name, links } = context
    const near = neighbourhood(name, feeder, links, messenger)
    const { operates } = feeder.ied(name)
    const device = feeder.file.devices.find(entry => entry.name === operates && INTERRUPTERS.has(entry.kind))?.name
    const generators = new Set(feeder.file.generators.map(generator => generator.name))
    const openers = new Map(
      feeder.file.ieds.flatMap(({ name: opener, operates: opened }) => (opened ? [[opened, opener]] : [])),
    )
    const operatesGenerator = new Set(
      feeder.file.ieds.flatMap(ied => (ied.operates !== undefined && generators.has(ied.operates) ? [ied.name] : [])),
    )

    /** All below: who stands in between relays. */
    const below = perTopology(feeder, (tripped: string) => {
      const { certain, undecided } = feeder.fedThrough(tripped)
      return { certain, undecided, all: new Set([...certain, ...undecided]) }
    })
    const route = (tripped: string): Route =>
      near.about(`transfer ${tripped}`, () => {
        const { all } = below(tripped)
        return { has: ied => all.has(ied), members: () => all }
      })

    function whereIs(tripped: string): Place {
      const { certain, undecided } = below(tripped)
      if (certain.has(name)) return 'upstream'
      return undecided.has(name) ? 'undecided' : 'elsewhere'
    }

    // As the one whose device tripped ----------------------------------------------------------------------------------

    const say = sayState<boolean>(SAYING)
    let said: Saying<boolean> = silent
    let cancelRepeat = (): void => {}

    function tell(event: SayEvent<boolean>): void {
      const next = say(said, event, clock.now())
      said = next.state
      for (const action of next.actions) {
        if (action.kind === 'say') {
          const { value: stands, stateNumber, sequenceNumber, lifetime } = action
          messenger.say({
            type: transferTripMessage.type,
            payload: transferTripMessage.encode({
              device: device as string,
              stands,
              stateNumber,
              sequenceNumber,
              test: false,
            }),
            lifetime,
            to: route(device as string).fromOrigin(),
          })
          continue
        }
        cancelRepeat()
        // That it is over needs no heartbeat: to who never heard it nothing stood.
        if (said.said?.value === true || said.said?.gap !== SAYING.heartbeat) {
          cancelRepeat = clock.wakeAt(action.at, () => tell({ kind: 'tick' }))
        }
      }
    }

    const isFeedingGenerators = (): boolean =>
      device !== undefined && [...below(device).all].some(ied => ied !== name && operatesGenerator.has(ied))
    /** Undefined until the device was read: an older trip is history. But one that was said goes on being said. */
    let wasTripped: boolean | undefined
    const cancelStatus = bus.on('status', ({ tripped = false }) => {
      const before = wasTripped
      wasTripped = tripped
      if (tripped && before === false && isFeedingGenerators()) tell({ kind: 'state', value: true })
      else if (!tripped && said.said?.value === true) tell({ kind: 'state', value: false })
    })
    const cancelSilence = bus.on('device', ({ answering }) => {
      if (!answering) wasTripped = undefined
    })

    // As a generator's -------------------------------------------------------------------------------------------------

    const step = transferTrip({ generator: operates !== undefined && generators.has(operates) ? operates : undefined })
    let state = noTransferTrip
    const newest = new Map<string, readonly [epoch: number, stateNumber: number, sequenceNumber: number]>()

    /** Copies overtake each other on their ways, and none may bring back what is over. */
    function isNewer(of: string, epoch: number, stateNumber: number, sequenceNumber: number): boolean {
      const last = newest.get(of)
      const isLate = last !== undefined && (epoch - last[0] || stateNumber - last[1] || sequenceNumber - last[2]) <= 0
      if (!isLate) newest.set(of, [epoch, stateNumber, sequenceNumber])
      return !isLate
    }

    messenger.on(
      {
        ...authorityTable.transferTrip,
        claim: (payload, origin) =>
          openers.get(transferTripMessage.decode(payload).device) === origin.name ? undefined : 'not-its-device',
        where: payload => whereIs(transferTripMessage.decode(payload).device),
        about: payload => transferTripMessage.decode(payload).device,
        onward: (payload, from) => route(transferTripMessage.decode(payload).device).onward(from),
      },
      ({ payload, epoch, origin, place }) => {
        const heard = transferTripMessage.decode(payload)
        if (heard.test || (place !== 'upstream' && place !== 'undecided')) return
        if (!isNewer(heard.device, epoch, heard.stateNumber, heard.sequenceNumber)) return
        const { device: of, stands, stateNumber } = heard
        const event = { kind: 'trip', device: of, trip: `${epoch}/${stateNumber}`, stands, place } as const
        const next = step(state, { ...event, origin: origin.name }, clock.now())
        state = next.state
        for (const action of next.actions) {
          if (action.kind === 'open') void open(action.device)
          else if (action.kind === 'alarm') {
            context.report('alarm', { alarm: action.alarm, device: action.device, origin: action.origin })
          }
        }
      },
    )

    async function open(tripped: string): Promise<void> {
      try {
        await operable(hal).operate('open')
        context.report('operated', { operation: 'open', cause: 'upstream-open' })
      } catch (error) {
        context.report('alarm', { alarm: 'operation-failed', operation: 'open', reason: (error as Error).message })
        state = step(state, { kind: 'not-opened', device: tripped }, clock.now()).state
      }
    }

    return {
      stop() {
        cancelStatus()
        cancelSilence()
        cancelRepeat()
      },
    }
  },
}
