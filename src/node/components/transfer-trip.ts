// The shell of transfer trip: at the IED of a breaker or recloser that feeds generators, the trip of its device is said to
// those below for as long as it stands; at a generator's IED it opens the generator, or separates it from the feeder where it
// may go on alone. The decisions are in src/protection/transfer-trip.ts and trip-channel.ts, the repeating in
// state-message.ts, who is above and heard in `heard-above.ts`.
//
// Whose transfer trip counts is the receiver's own configuration: `protection` of that organisation, for this type.

import { duration, instant } from '../../../topology/units.ts'
import type { Place } from '../../mesh/authority.ts'
import { transferTripMessage } from '../../protection/messages.ts'
import { operatorsOf } from '../../protection/restoration/team.ts'
import { type SayEvent, type Saying, sayState, silent } from '../../protection/state-message.ts'
import { noTransferTrip, type TransferTripEvent, transferTrip } from '../../protection/transfer-trip.ts'
import { tripChannel, tripChannelStart } from '../../protection/trip-channel.ts'
import { authorityTable } from '../authority-table.ts'
import type { Component, Readiness } from '../component.ts'
import { islandOf } from '../coupling.ts'
import { heardAbove, INTERRUPTERS } from '../heard-above.ts'
import { neighbourhood, type Route } from '../neighbourhood.ts'
import { operable } from '../operable.ts'
import { perTopology } from '../per-topology.ts'

const SAYING = { firstGap: duration(10), heartbeat: duration(2000), leastLifetime: duration(2000) }
/** A link that is dialled anew is back within this. */
const CHANNEL_GRACE = duration(2000)
/** Until the positions of all above have been heard after a start. */
const CHANNEL_START = duration(60_000)
const CHANNEL_LOOK_MS = 1000
/** Unheard for so many heartbeats it is over: that it was may have been lost, or its sender was started again meanwhile. */
const UNHEARD_MS = 60_000

export const transferTripComponent: Component = {
  name: 'transfer-trip',
  start(context) {
    const { feeder, messenger, clock, bus, hal, name, links } = context
    const given = context.config.transferTrip
    const near = neighbourhood(name, feeder, links, messenger)
    const { operates } = feeder.ied(name)
    const device = feeder.file.devices.find(entry => entry.name === operates && INTERRUPTERS.has(entry.kind))?.name
    const generators = new Set(feeder.file.generators.map(generator => generator.name))
    // Of switching devices alone: nobody stands below a generator's contactor.
    const openers = operatorsOf(feeder.file)
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
          const { value: stands, stateNumber, sequenceNumber, lifetime, repeat } = action
          if (!repeat) {
            context.report('transfer-trip', { id: `${name}/${context.epoch}/transfer-${stateNumber}`, device, stands })
          }
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

    const isGenerator = operates !== undefined && generators.has(operates)
    const island = islandOf(context)
    const step = transferTrip({
      generator: isGenerator || (given.opensCoupling && device !== undefined) ? operates : undefined,
      onTrip: island === undefined ? 'leave' : 'island',
      separateWithin: duration(given.separateWithinMs),
    })
    let state = noTransferTrip
    let stopped = false
    /** Of the trip that is acted on, for records. */
    let id = ''

    function feed(event: TransferTripEvent): void {
      if (stopped) return
      const next = step(state, event, clock.now())
      const stood = state.standing.size > 0
      state = next.state
      if (stood !== state.standing.size > 0) tellInside()
      for (const action of next.actions) {
        switch (action.kind) {
          case 'open':
            void open(action.device, 'upstream-open')
            break
          case 'separate':
            separate()
            break
          case 'alone':
            context.report('islanded', { id, device: action.device, origin: action.origin })
            break
          case 'wake':
            clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
            break
          case 'ended':
            context.report('transfer-trip-over', { device: action.device, origin: action.origin })
            break
          case 'alarm':
            context.report('alarm', { alarm: action.alarm, device: action.device, origin: action.origin })
        }
      }
    }

    function separate(): void {
      island?.separate().catch((error: Error) => {
        context.report('alarm', { alarm: 'not-separated', id, reason: error.message })
        feed({ kind: 'not-separated' })
      })
    }
    const cancelCoupling = island?.watch(position => feed({ kind: 'coupling', position }))

    // Whether one would be heard ---------------------------------------------------------------------------------------

    const above = heardAbove(context, tripped => below(tripped))
    const listen = tripChannel({
      onLost: given.onChannelLost,
      grace: CHANNEL_GRACE,
      tripAfter: duration(given.channelLostSeconds * 1000),
      startGrace: CHANNEL_START,
    })
    let channel = tripChannelStart
    let cancelChannel = (): void => {}

    function lookAtChannel(): void {
      cancelChannel()
      if (stopped || !isGenerator) return
      const silent = above.silent()
      const next = listen(channel, silent.length > 0, clock.now())
      channel = next.state
      for (const { kind } of next.actions) {
        if (kind === 'lost') context.report('alarm', { alarm: 'transfer-trip-not-heard', device: silent.join(' ') })
        if (kind === 'back') context.report('transfer-trip-heard', {})
        if (kind === 'lost' || kind === 'back') tellInside()
        if (kind === 'trip') void open(silent[0] ?? '', 'transfer-trip-not-heard')
      }
      cancelChannel = clock.wakeAt(instant(clock.now() + CHANNEL_LOOK_MS), lookAtChannel)
    }

    const tellInside = (): void =>
      bus.emit('transferTrip', { stands: state.standing.size > 0, channelLost: channel.lost })

    function readiness(): Readiness | undefined {
      const scheme = 'transfer trip'
      const no = (why: string): Readiness => ({ scheme, ready: false, why })
      if (!isGenerator) return isFeedingGenerators() ? { scheme, ready: true } : undefined
      if (hal?.operate === undefined) return no('its device cannot be operated')
      if (channel.lost) return no(`not heard: ${above.silent().join(', ')}`)
      if (!channel.hasHeard) return no('the devices above have not been heard yet')
      return above.anybody() ? { scheme, ready: true } : no('no IED operates a breaker or recloser above')
    }

    /** By device of the file. */
    const forget = new Map<string, () => void>()
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
        onward: payload => route(transferTripMessage.decode(payload).device).onward,
      },
      ({ payload, epoch, origin, place }) => {
        const heard = transferTripMessage.decode(payload)
        if (heard.test || (place !== 'upstream' && place !== 'undecided')) return
        if (!isNewer(heard.device, epoch, heard.stateNumber, heard.sequenceNumber)) return
        const { device: of, stands, stateNumber } = heard
        id = `${origin.name}/${epoch}/transfer-${stateNumber}`
        const trip = { kind: 'trip', device: of, trip: `${epoch}/${stateNumber}`, place, origin: origin.name } as const
        feed({ ...trip, stands })
        forget.get(of)?.()
        forget.delete(of)
        const endsAt = instant(clock.now() + UNHEARD_MS)
        if (stands)
          forget.set(
            of,
            clock.wakeAt(endsAt, () => feed({ ...trip, stands: false })),
          )
      },
    )

    async function open(tripped: string, cause: string): Promise<void> {
      try {
        await operable(hal).operate('open')
        context.report('operated', { operation: 'open', cause, ...(id === '' ? {} : { id }), device: operates })
      } catch (error) {
        context.report('alarm', { alarm: 'operation-failed', operation: 'open', reason: (error as Error).message })
        feed({ kind: 'not-opened', device: tripped })
      }
    }

    const cancels = [
      bus.on('topology', () => {
        if (isGenerator && channel.hasHeard !== (above.silent().length === 0)) lookAtChannel()
      }),
      bus.on('components-started', tellInside),
      bus.on('ready-asked', ({ answer }) => {
        const ready = readiness()
        if (ready !== undefined) answer(ready)
      }),
    ]
    lookAtChannel()
    return {
      stop() {
        stopped = true
        for (const cancel of cancels) cancel()
        for (const cancel of forget.values()) cancel()
        cancelCoupling?.()
        cancelChannel()
        cancelStatus()
        cancelSilence()
        cancelRepeat()
      },
    }
  },
}
