// Answers `feedermesh ready`: whether this IED would act now by each of its schemes, and if not, why. What every scheme needs
// is found here; the schemes answer for themselves, at once, on the bus.

import type { Status } from '../../hal/port.ts'
import { LONGEST_LIFETIME_MS } from '../../mesh/message-age.ts'
import { hindrances, merged } from '../../protection/readiness.ts'
import type { Component, Readiness } from '../component.ts'
import { devicesAround, neighboursOf } from '../neighbours.ts'
import { canOperate } from '../operable.ts'

export const readinessComponent: Component = {
  name: 'readiness',
  start(context) {
    const { bus, clock, config, feeder, hal, links, messenger, name, log } = context
    const startedAt = clock.now()
    const ied = feeder.file.ieds.find(each => each.name === name)
    const device = feeder.file.devices.find(each => each.name === ied?.operates)?.name
    let answering: boolean | undefined
    let silentBecause: string | undefined
    let status: Status | undefined
    let inhibited = false
    const latched = new Set<string>()

    const cancels = [
      bus.on('status', seen => {
        status = seen
      }),
      bus.on('device', ({ answering: is, reason }) => {
        answering = is
        silentBecause = reason
        if (!is) status = undefined // what it last showed is no longer known
      }),
      bus.on('inhibited', ({ stands }) => {
        inhibited = stands
      }),
      bus.on('lockout', ({ name: by, stands }) => void (stands ? latched.add(by) : latched.delete(by))),
    ]

    function schemes(): readonly Readiness[] {
      const answers: Readiness[] = []
      bus.emit('ready-asked', { answer: readiness => void answers.push(readiness) })
      return merged(answers)
    }

    function situation(): Parameters<typeof hindrances>[0] {
      const neighbours = neighboursOf(context)
      const connected = new Map(links.peers().map(peer => [peer.credential.name, peer]))
      const other = new Set(messenger.otherFeeder())
      return {
        hasDevice: hal !== undefined,
        answering,
        silentBecause,
        readOnly: config.device?.readOnly === true || (hal !== undefined && !canOperate(hal)),
        inhibited,
        latched: [...latched].sort(),
        status: status ?? {},
        device,
        unknownAround: [...devicesAround(context)].filter(each => feeder.position(each) === 'unknown').sort(),
        away: neighbours.filter(each => !connected.has(each)),
        linkless: neighbours.filter(each => {
          const peer = connected.get(each)
          return peer !== undefined && (peer.link === undefined || peer.link.way === undefined)
        }),
        otherFeeder: neighbours.filter(each => other.has(each)),
        clockGood: clock.utcGood(),
        settlesInMs: Math.max(0, startedAt + LONGEST_LIFETIME_MS - clock.now()),
      }
    }

    context.readout('ready', async () => answerOf(situation(), schemes()))
    log.debug('readiness-started')

    function answerOf(now: ReturnType<typeof situation>, answers: readonly Readiness[]) {
      const position = device === undefined ? {} : { device, position: status?.position ?? 'unknown' }
      return { ied: name, ...position, near: neighboursOf(context), hindrances: hindrances(now), schemes: answers }
    }

    return {
      stop() {
        for (const cancel of cancels) cancel()
      },
    }
  },
}
