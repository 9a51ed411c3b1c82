// An IED's synchrophasors: streamed to the back-end peers that may have them, and shown to people (`feedermesh phasors`).
// Nothing is stored: what a slow way cannot carry is dropped, oldest first, and counted in the next item.

import { instant } from '../../../topology/units.ts'
import { momentAt } from '../../aggregation/phasor-alignment.ts'
import {
  MOST_FRAMES,
  PHASORS_PROTOCOL,
  type PlacePhasors,
  phasorFramesCodec,
  phasorQuestionCodec,
} from '../../aggregation/phasor-message.ts'
import { entitledClasses } from '../../aggregation/sharing-policy.ts'
import type { Credential } from '../../mesh/credential.ts'
import type { Component, ComponentContext } from '../component.ts'
import { phasorRows, placePhasors } from '../phasor-rows.ts'
import { rowRing } from '../row-ring.ts'

/** Rows for people: 20 s at 50 frames a second. */
const ROWS = 1000
/** Frames that wait for a way that is slower than they come; older ones give way. */
const MOST_WAITING = 2 * MOST_FRAMES
/** A stream without frames says that it lives. */
const ALIVE_MS = 5000

interface Receiver {
  readonly framesPerSecond: number
  waiting: PlacePhasors[]
  lost: number
  wake(): void
}

export const phasorsComponent: Component = {
  name: 'phasors',
  start(context) {
    const { bus, links, name, clock, listing } = context
    const receivers = new Set<Receiver>()
    const ring = rowRing('phasors', ROWS, clock)
    listing('phasors', ring.listing)

    const cancel = bus.on('phasors', frame => {
      const phasors = placePhasors(frame)
      const { utcMicros } = phasors
      ring.push(phasorRows({ utcMicros, frames: new Map([[name, phasors]]) }, [name], name))
      for (const receiver of receivers) {
        if (momentAt(utcMicros, receiver.framesPerSecond) === undefined) continue
        receiver.waiting.push(phasors)
        if (receiver.waiting.length > MOST_WAITING) {
          receiver.waiting.shift()
          receiver.lost++
        }
        receiver.wake()
      }
    })

    links.serveStream(PHASORS_PROTOCOL, async function* (from, question, signal) {
      function check(): void {
        if (mayHave(from, context)) return
        throw new Error(`${name} gives ${from.name} no phasors: want it among its recipients`)
      }
      check()
      const { framesPerSecond } = phasorQuestionCodec.decode(question)
      const receiver: Receiver = { framesPerSecond, waiting: [], lost: 0, wake: () => {} }
      const news = (): Promise<void> =>
        new Promise(resolve => {
          const cancelAlive = clock.wakeAt(instant(clock.now() + ALIVE_MS), end)
          function end(): void {
            cancelAlive()
            signal.removeEventListener('abort', end)
            resolve()
          }
          receiver.wake = end
          signal.addEventListener('abort', end)
          if (signal.aborted) end()
        })
      receivers.add(receiver)
      try {
        while (!signal.aborted) {
          if (receiver.waiting.length === 0) await news()
          // What was granted may end, or be taken back, while the stream goes on.
          check()
          const frames = receiver.waiting.splice(0, MOST_FRAMES)
          const { lost } = receiver
          receiver.lost = 0
          yield phasorFramesCodec.encode({ frames, lost } as Parameters<typeof phasorFramesCodec.encode>[0])
        }
      } finally {
        receivers.delete(receiver)
      }
    })

    return {
      stop() {
        cancel()
        receivers.clear()
      },
    }
  },
}

/** Back-end peers to which the sharing policy, or the configuration, gives power-quality records. */
const mayHave = ({ name, organisation, department, roles }: Credential, { sharing, clock }: Asks): boolean =>
  roles.includes('BACKEND') &&
  sharing.backEnds().some(each => each.backEnd === name && each.organisation === organisation) &&
  entitledClasses(sharing.policy(), { organisation, department }, clock.utc()).has('powerQuality')
type Asks = Pick<ComponentContext, 'sharing' | 'clock'>
