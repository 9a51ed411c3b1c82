// A back-end peer gives records on to back ends of its organisation's departments: the shell of `regiver.ts`.
//
//   records come in, a department's back end comes, a new regrant, every half minute ──► round
//   round: department by department, ledger by ledger: batch ──► deliver ──► receipt ──► the place goes on, durable
//
// What the organisation may read itself it asks each IED, again and again, and before anything of it goes on (`own-grants.ts`):
// an IED's owner who takes a grant back ends what is given on of it, as soon as the IED can be asked, or with the grant's own
// end. A department that is away misses nothing: it gets what there is when it is back.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { duration, instant } from '../../topology/units.ts'
import type { CollectedHead } from '../aggregation/chain-heads.ts'
import type { Collector } from '../aggregation/collector.ts'
import { batchCodec, outcomeCodec } from '../aggregation/delivery.ts'
import { isReceiptGenuine, type Lacking } from '../aggregation/receipt.ts'
import { recordClasses } from '../aggregation/record.ts'
import { afterRegiven, nextRegiven } from '../aggregation/regiver.ts'
import { type Regiven, type RegrantDepartment, regivenOf } from '../aggregation/regrant.ts'
import { isLive } from '../aggregation/sharing-policy.ts'
import { key } from '../aggregation/store-keys.ts'
import { MeshError } from '../mesh/mesh-error.ts'
import type { ComponentContext, Running } from './component.ts'
import { ownGrantsOf } from './own-grants.ts'
import { openRegrants } from './regrant-desk.ts'

const DELIVER_PROTOCOL = '/feedermesh/readings/deliver/1.0.0'
const PATIENCE_MS = 15_000
const AGAIN_MS = 30_000
/** What comes in together goes out together. */
const SOON_MS = 300
/** Of one ledger in one round, so that no long one keeps the others waiting. */
const BATCHES_AT_ONCE = 8

const placeSchema = z.strictObject({
  upTo: z.int().nonnegative(),
  /** By class, the first record whose body the department lacked when it last said so. */
  lacking: z.partialRecord(z.enum(recordClasses), z.int().min(1)),
})
type Place = z.infer<typeof placeSchema>
const START: Place = { upTo: 0, lacking: {} }

export async function startRegiving(context: ComponentContext, collector: Collector): Promise<Running> {
  const { bus, clock, links, log, messenger, store, report, name } = context
  const own = ownGrantsOf(context, ied => startOver(each => each === ied))
  const places = new Map<string, Place>()
  /** What was last said of a ledger that goes no further, so that it is said once. */
  const told = new Map<string, string>()
  let stopped = false
  let running: Promise<void> | undefined
  let isWanted = false
  /** Many IEDs that are away take longer than until it is time again. */
  let isLearning = false
  let endWait = (): void => {}
  const stopping = new AbortController()
  const desk = await openRegrants({
    backEnd: { name, organisation: context.credential.organisation },
    store,
    verifySignature: context.verify,
    checkCredential: context.checkCredential,
    utcNow: clock.utc,
    audit: entry => bus.emit('audit', entry),
    changed() {
      startOver(() => true)
      void learnAll().then(soon)
    },
  })

  async function learnAll(): Promise<void> {
    const departments = desk.departments()
    if (departments.length === 0 || isLearning) return
    const wanted = (ied: string): boolean => departments.some(({ ieds }) => ieds === undefined || ieds.includes(ied))
    const ieds = [...new Set((await collector.heads()).map(head => head.ied))].filter(wanted)
    isLearning = true
    try {
      for (const ied of ieds) if (!stopped) await own.ask(ied)
    } finally {
      isLearning = false
    }
  }

  // Places --------------------------------------------------------------------------------------------------------------

  const placeKey = ({ department, backEnd }: RegrantDepartment, { ied, ledgerId }: CollectedHead) =>
    key('sharing', 'regiven', encodeURIComponent(department), backEnd, ied, ledgerId)

  async function placeAt(at: string): Promise<Place> {
    const known = places.get(at)
    if (known !== undefined) return known
    const bytes = await store.get(at)
    // After a start: what was filled in just before the end may not have gone on.
    const place = bytes === undefined ? START : over(placeSchema.parse(fromCbor(bytes)))
    places.set(at, place)
    return place
  }

  async function keep(at: string, place: Place): Promise<void> {
    await store.batch([{ put: at, value: toCbor(place) }], { durable: true })
    places.set(at, place)
  }

  /** From the first body that it may lack. What it has already costs the way, and nothing else. */
  const over = ({ upTo, lacking }: Place): Place => ({
    upTo: Math.min(upTo, ...Object.values(lacking).map(number => (number ?? upTo + 1) - 1)),
    lacking,
  })
  function startOver(isMeant: (ied: string) => boolean): void {
    for (const [at, place] of places) if (isMeant(at.split('/').at(-2) ?? '')) places.set(at, over(place))
  }

  // Rounds --------------------------------------------------------------------------------------------------------------

  function soon(): void {
    if (stopped) return
    isWanted = true
    if (running !== undefined || desk.departments().length === 0) return
    running = new Promise<void>(wake => {
      const cancel = clock.wakeAt(instant(clock.now() + duration(SOON_MS)), wake)
      endWait = () => {
        cancel()
        wake()
      }
    })
      .then(rounds)
      .catch(error => log.warn('regiving-failed', { reason: (error as Error).message }))
      .finally(() => {
        running = undefined
        if (isWanted && !stopped) soon()
      })
  }

  async function rounds(): Promise<void> {
    isWanted = false
    for (const each of desk.departments()) {
      const peerId = peerOf(each)
      if (peerId === undefined) continue
      for (const head of await collector.heads()) {
        if (stopped) return
        if (each.ieds !== undefined && !each.ieds.includes(head.ied)) continue
        const regiven = regivenOf(each, head.ied, await own.now(head.ied))
        if (regiven.length === 0) continue
        await giveOn(each, peerId, head, regiven).catch(error => failed(each, head, error as Error))
      }
    }
  }

  /** Of its own organisation, and of that department by its credential: nobody gets it by being called so here. */
  const peerOf = ({ department, backEnd }: RegrantDepartment): string | undefined =>
    messenger.peerOf(
      backEnd,
      peer =>
        peer.organisation === context.credential.organisation &&
        peer.department === department &&
        peer.roles.includes('BACKEND') &&
        !context.isRevoked(peer),
    )

  async function giveOn(to: RegrantDepartment, peerId: string, head: CollectedHead, regiven: readonly Regiven[]) {
    const { department, backEnd } = to
    const { ied, ledgerId } = head
    const { organisation } = context.credential
    const at = placeKey(to, head)
    const sealingKey = context.keys.keyOf({ organisation, department }, backEnd) ?? context.sealingKeyOf({ peerId })
    if (sealingKey === undefined) return
    for (let count = 0; count < BATCHES_AT_ONCE && !stopped; count++) {
      // Taken back while the last batch was under way.
      if (!desk.departments().includes(to)) return
      const place = await placeAt(at)
      const { upTo } = place
      const ports = { collector, sealing: context.sealing }
      const next = await nextRegiven(ports, { ied, ledgerId, upTo }, regiven, sealingKey, clock.utc())
      if (next === undefined) return
      const bytes = await links.request(peerId, DELIVER_PROTOCOL, batchCodec.encode(next.batch), {
        timeoutMs: PATIENCE_MS,
        lane: 'bulk',
        signal: stopping.signal,
      })
      const outcome = outcomeCodec.decode(bytes)
      const isOurs = outcome.backEnd === backEnd && outcome.organisation === organisation
      const isGenuine =
        outcome.kind === 'refusal' || isReceiptGenuine(outcome, (some, mark) => context.verify(peerId, some, mark))
      if (!isOurs || !isGenuine) return stuck(to, head, 'its receipt is not its own')
      const result = afterRegiven(next, outcome)
      if (result.kind === 'stuck') return stuck(to, head, result.words)
      const lacking: Lacking = outcome.kind === 'receipt' ? outcome.lacking : {}
      // It was set back while the batch was under way: that stands.
      const now = places.get(at)
      const reached = now === place || now === undefined ? result.upTo : Math.min(result.upTo, now.upTo)
      await keep(at, { upTo: reached, lacking: { ...lacking } })
      told.delete(at)
      if (result.kind === 'on')
        report('regiven', { department, backEnd, ied, upTo: result.upTo, bodies: next.numbers.length })
    }
    isWanted = true // there may be more
  }

  function failed(to: RegrantDepartment, head: CollectedHead, error: Error): void {
    // It is away: it gets what there is when it is back.
    if (error instanceof MeshError && error.code === 'MESH_UNREACHABLE') {
      return log.debug('department-away', { backEnd: to.backEnd, reason: error.message })
    }
    stuck(to, head, error.message)
  }

  function stuck(to: RegrantDepartment, head: CollectedHead, words: string): void {
    const at = placeKey(to, head)
    if (told.get(at) === words || stopped) return
    told.set(at, words)
    report('alarm', {
      alarm: 'notRegiven',
      department: to.department,
      backEnd: to.backEnd,
      ied: head.ied,
      reason: words,
    })
  }

  // What sets it off ----------------------------------------------------------------------------------------------------

  const cancels = [
    bus.on('regrant-brought', ({ jws, from, answer }) => answer(desk.take(jws, from))),
    bus.on('stored', ({ ied, records }) => {
      const first = Math.min(...records.map(({ header }) => header.number))
      for (const [at, place] of places) {
        if (at.split('/').at(-2) === ied && first <= place.upTo) places.set(at, { ...place, upTo: first - 1 })
      }
      soon()
    }),
    bus.on('sealing-key', ({ organisation }) => {
      if (organisation !== context.credential.organisation) return
      startOver(() => true)
      soon()
    }),
    clock.every(AGAIN_MS, () => void learnAll().then(soon)),
  ]
  links.onPeer((peer, state) => {
    if (state === 'up' && !stopped && desk.departments().length > 0) {
      const { name: ied, roles } = peer.credential
      if (roles.includes('IED')) void own.ask(ied).then(soon)
      else soon()
    }
  })
  context.readout('regiven', async () => ({
    ...shownVersion(),
    regiven: (await Promise.all(desk.departments().map(rowsOf))).flat(),
  }))
  void learnAll().then(soon)

  function shownVersion() {
    const now = desk.inForce()
    if (now === undefined) return {}
    const { version, signedBy, acceptedUtcMs } = now
    return { version, signedBy, acceptedUtc: new Date(acceptedUtcMs).toISOString() }
  }

  async function rowsOf(to: RegrantDepartment) {
    const rows = []
    for (const head of await collector.heads()) {
      const { upTo } = await placeAt(placeKey(to, head))
      for (const { class: each, fromUtcMs, toUtcMs } of regivenOf(to, head.ied, await own.known(head.ied))) {
        const times = {
          ...(fromUtcMs === undefined ? {} : { fromUtcMs }),
          ...(toUtcMs === undefined ? {} : { toUtcMs }),
        }
        rows.push({
          department: to.department,
          backEnd: to.backEnd,
          ied: head.ied,
          class: each,
          from: fromUtcMs === undefined ? null : new Date(fromUtcMs).toISOString(),
          to: toUtcMs === undefined ? null : new Date(toUtcMs).toISOString(),
          state: isLive(times, clock.utc())
            ? 'now'
            : fromUtcMs !== undefined && clock.utc() < fromUtcMs
              ? 'ahead'
              : 'over',
          upTo,
          of: head.number,
          why: to.why ?? '',
        })
      }
    }
    return rows
  }

  return {
    async stop() {
      stopped = true
      for (const cancel of cancels) cancel()
      endWait()
      stopping.abort(new Error('stopping'))
      await running
    },
  }
}
