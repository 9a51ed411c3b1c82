// A back-end peer's view of the phasors of many places: follows the stream of each IED that its settings name, brings them
// onto one time axis, and shows angles, components and frequency side by side (`feedermesh phasors`).
//
// A place that is out of reach, refuses, or falls silent is asked again, after a pause that grows to half a minute; the
// others go on without it.

import { setMaxListeners } from 'node:events'
import { z } from 'zod'
import { duration, type Instant, instant } from '../../../topology/units.ts'
import { type AlignmentEvent, alignmentStart, phasorAlignment } from '../../aggregation/phasor-alignment.ts'
import {
  PHASORS_PROTOCOL,
  type PlacePhasors,
  phasorFramesCodec,
  phasorQuestionCodec,
} from '../../aggregation/phasor-message.ts'
import type { Credential } from '../../mesh/credential.ts'
import type { Component } from '../component.ts'
import { NodeError } from '../node-error.ts'
import { phasorRows } from '../phasor-rows.ts'
import { rowRing } from '../row-ring.ts'

const settingsSchema = z
  .strictObject({
    ieds: z.array(z.string().min(1).max(64)).min(1).max(64),
    /** The IED against which angles are; the first one by default. */
    reference: z.string().exactOptional(),
    /** Moments a second; what the units send has to be a multiple of it. */
    framesPerSecond: z.int().min(1).max(120).default(10),
    /** For the last place of a moment, from the first one on. */
    waitMs: z.int().min(10).max(60_000).default(1000),
  })
  .refine(({ ieds, reference }) => reference === undefined || ieds.includes(reference), {
    path: ['reference'],
    message: 'want one of ieds',
  })
  .refine(({ ieds }) => new Set(ieds).size === ieds.length, { path: ['ieds'], message: 'each once' })

/** Rows for people. */
const ROWS = 2000
/** An IED without frames says every 5 s that it lives. */
const ITEM_MS = 20_000
const MIN_PAUSE_MS = 1000
const MAX_PAUSE_MS = 30_000

export const phasorCollector: Component = {
  name: 'phasor-collector',
  start(context) {
    const parsed = settingsSchema.safeParse(context.settings)
    if (!parsed.success) {
      const said = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(': ')).join('; ')
      throw new NodeError('BAD_INPUT', `components: phasor-collector: ${said}, want settings as { ieds: [NAME] }`)
    }
    const { ieds, framesPerSecond, waitMs, reference = ieds[0] as string } = parsed.data
    const { links, messenger, feeder, clock, log, listing, readout, chance } = context
    const owners = new Map(feeder.file.ieds.map(ied => [ied.name, ied.organisation]))
    const unknown = ieds.filter(ied => !owners.has(ied))
    if (unknown.length > 0) {
      const want = `want IEDs of ${feeder.file.name}: ${[...owners.keys()].join(', ')}`
      throw new NodeError('BAD_INPUT', `components: phasor-collector: ieds: ${unknown.join(', ')}: ${want}`)
    }

    // On one time axis -------------------------------------------------------------------------------------------------

    const ring = rowRing('phasors', ROWS, clock)
    listing('phasors', ring.listing)
    const step = phasorAlignment({ places: ieds, framesPerSecond, wait: duration(waitMs) })
    let state = alignmentStart
    let cancelWake = (): void => {}
    let wakeAt = Number.POSITIVE_INFINITY

    function feed(event: AlignmentEvent): void {
      const next = step(state, event, clock.now())
      state = next.state
      for (const action of next.actions) {
        if (action.kind === 'row') ring.push(phasorRows(action.moment, ieds, reference))
        else wake(action.at)
      }
    }

    function wake(at: Instant): void {
      if (at >= wakeAt) return
      cancelWake()
      wakeAt = at
      cancelWake = clock.wakeAt(at, () => {
        wakeAt = Number.POSITIVE_INFINITY
        feed({ kind: 'tick' })
        for (const { until } of state.open.values()) wake(until)
      })
    }

    // From each place --------------------------------------------------------------------------------------------------

    const stopping = new AbortController()
    setMaxListeners(0, stopping.signal) // one for each place
    const places = new Map(ieds.map(ied => [ied, { frames: 0, lost: 0, following: false, trouble: '' }]))

    async function follow(ied: string): Promise<void> {
      const place = places.get(ied) as { frames: number; lost: number; following: boolean; trouble: string }
      const isIt = ({ name, organisation, roles }: Credential): boolean =>
        name === ied && organisation === owners.get(ied) && roles.includes('IED')
      let pauseMs = MIN_PAUSE_MS
      while (!stopping.signal.aborted) {
        try {
          const peerId = messenger.peerOf(ied, isIt)
          if (peerId === undefined) throw new Error(`${ied} is not known`)
          const question = phasorQuestionCodec.encode({ framesPerSecond })
          const patience = { itemMs: ITEM_MS, signal: stopping.signal }
          for await (const item of links.stream(peerId, PHASORS_PROTOCOL, question, patience)) {
            const { frames, lost } = phasorFramesCodec.decode(item)
            place.following = true
            place.frames += frames.length
            place.lost += lost
            pauseMs = MIN_PAUSE_MS
            for (const frame of frames) feed({ kind: 'frame', from: ied, frame: frame as PlacePhasors })
          }
          place.trouble = 'the stream ended'
        } catch (error) {
          place.trouble = (error as Error).message
        }
        place.following = false
        if (stopping.signal.aborted) return
        log.debug('phasors-not-followed', { ied, reason: place.trouble })
        await pause(pauseMs * (0.5 + chance() / 2))
        pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs)
      }
    }

    function pause(ms: number): Promise<void> {
      return new Promise(resolve => {
        const cancel = clock.wakeAt(instant(clock.now() + ms), end)
        function end(): void {
          cancel()
          stopping.signal.removeEventListener('abort', end)
          resolve()
        }
        stopping.signal.addEventListener('abort', end)
        if (stopping.signal.aborted) end()
      })
    }

    readout('phasor-places', async () => ({
      places: [...places].map(([ied, { frames, lost, following, trouble }]) => ({
        ied,
        following,
        frames,
        lost,
        trouble: following ? '' : trouble,
      })),
      unused: { ...state.counts },
    }))

    const following = ieds.map(follow)
    return {
      async stop() {
        stopping.abort(new Error('stopping'))
        cancelWake()
        await Promise.all(following)
      },
    }
  },
}
