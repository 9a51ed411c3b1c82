// The shell of restoration at one IED, here the switch SW-N of the loop scheme, as others meet it over the protocol: what it
// grants is durable, what it opens is dark, and nobody has it do anything that the table does not let him.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import type { Change } from '../../src/aggregation/store.ts'
import type { Status } from '../../src/hal/port.ts'
import { bus, type ComponentContext, type Readiness } from '../../src/node/component.ts'
import { restorationComponent } from '../../src/node/components/restoration.ts'
import { feederMark } from '../../src/node/feeder-mark.ts'
import type { Question } from '../../src/node/restoration-calls.ts'
import { restorationStore } from '../../src/node/restoration-store.ts'
import {
  decodeRestorationAnswer,
  encodeRestorationQuestion,
  type RestorationAnswer,
} from '../../src/protection/restoration/questions.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'
import { instant } from '../../topology/units.ts'

const PATH = 'topology/feeders/loop-pair.yaml'
const file = parseFeeder(readFileSync(PATH, 'utf8'), PATH)
const nothing = (): void => {}
const WELL: Omit<Status, 'at'> = {
  position: 'closed',
  pickup: false,
  tripped: false,
  lockedOut: false,
  dead: false,
  farDead: false,
  entered: 0,
}
const DARK = { ...WELL, dead: true, farDead: true }
const TIE = { name: 'tie', organisation: 'utility', roles: ['IED'] }

interface Options {
  readonly automatic?: boolean
  readonly disk?: ReturnType<typeof memoryDisk>
  readonly name?: string
  /** The own device may join two sources for the moment of a return. */
  readonly parallelAllowed?: boolean
  readonly onBatch?: (changes: readonly Change[], durable: boolean) => Promise<void> | void
  /** While the device travels. */
  readonly onOperate?: () => Promise<void> | void
  /** While the device is read. */
  readonly onStatus?: () => Promise<void> | void
}

async function agent({
  automatic = true,
  disk = memoryDisk(),
  name = 'switch-north',
  onBatch = nothing,
  onOperate = nothing,
  onStatus = nothing,
  parallelAllowed = false,
}: Options = {}) {
  let now = 0
  let status: Omit<Status, 'at'> = WELL
  const done: string[] = []
  const reports: string[] = []
  const devices = file.devices.map(each => (each.name === 'SW-N' ? { ...each, parallelAllowed } : each))
  const feeder = createFeeder({ ...file, devices })
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  const lockouts = new Set<string>()
  inside.on('lockout', each => void (each.stands ? lockouts.add(each.name) : lockouts.delete(each.name)))
  let serve: ((from: unknown, bytes: Uint8Array) => Promise<Uint8Array>) | undefined
  const memory = openMemoryStore(disk)
  const store = {
    ...memory,
    get: memory.get.bind(memory),
    async batch(changes: readonly Change[], options: { durable: boolean }) {
      await onBatch(changes, options.durable)
      await memory.batch(changes, options)
    },
  }
  const context = {
    name,
    feeder,
    epoch: 1,
    config: { restoration: { automatic }, device: {} },
    clock: { now: () => instant(now), wakeAt: () => nothing },
    bus: inside,
    store,
    chance: () => 0.5,
    hal: {
      async status() {
        await onStatus()
        return { at: instant(now), ...status }
      },
      async operate(operation: 'open' | 'close') {
        done.push(operation)
        await onOperate()
        status = { ...status, position: operation === 'open' ? 'open' : 'closed' }
      },
    },
    links: { serve: (_: string, answer: typeof serve) => (serve = answer) },
    messenger: { on: nothing, peerOf: nothing, policy: () => ({ protection: new Set(['utility']) }) },
    log: { error: nothing },
    report: (event: string) => void reports.push(event),
  } as unknown as ComponentContext
  const running = await restorationComponent.start(context)
  inside.emit('components-started', {})

  function show(ms: number, next: Omit<Status, 'at'>): void {
    now = ms
    status = next
    inside.emit('status', { at: instant(now), ...next })
  }
  /** What is read from now on, and not told. */
  function reads(next: Omit<Status, 'at'>): void {
    status = next
  }
  async function stop(): Promise<void> {
    await running.stop()
    await memory.close()
  }
  /** @param ms when it is asked */
  async function ask(
    ms: number,
    question: Question,
    from: object = TIE,
    mark = feederMark(feeder),
  ): Promise<RestorationAnswer> {
    now = ms
    const bytes = encodeRestorationQuestion({ ...question, feeder: mark } as never)
    return decodeRestorationAnswer((await serve?.(from, bytes)) ?? new Uint8Array())
  }
  const order = (kind: 'tag' | 'untag' | 'return-to-normal' | 'reset') =>
    new Promise<{ result: string; words: string }>(resolve => {
      const answer = (outcome: Promise<{ result: string; words: string }>): void => void outcome.then(resolve)
      if (kind === 'return-to-normal') inside.emit(kind, { by: 'ada', answer })
      else if (kind === 'reset') inside.emit('reset', { name: 'restoration', by: 'ada', answer })
      else inside.emit('tag', { stands: kind === 'tag', words: 'crew 7 on the pole', by: 'ada', answer })
    })
  const ready = (): Readiness | undefined => {
    let said: Readiness | undefined
    inside.emit('ready-asked', { answer: given => (said = given) })
    return said
  }
  return { ask, show, order, ready, done, reports, lockouts, disk, stop, bus: inside, reads }
}

const reserve = (incident = 'tie/1/1'): Question => ({ kind: 'reserve', incident, device: 'SW-N', lifetimeMs: 10_000 })
const open = (fence: number, incident = 'tie/1/1'): Question => ({ kind: 'open', incident, device: 'SW-N', fence })

describe('the IED of a switch, asked about restoration', () => {
  it('may leave the lockout of a reclosing in software, and no other latch', async () => {
    const { bus: inside, show, ready } = await agent()
    show(0, WELL)
    const barredBy = (name: string): boolean => {
      inside.emit('lockout', { name, stands: true })
      show(1000, WELL)
      const isBarred = ready()?.why?.includes(`${name} has latched`) === true
      inside.emit('lockout', { name, stands: false })
      return isBarred
    }
    expect([barredBy('software-relay 79'), barredBy('software-relay 86')]).toEqual([false, true])
  })

  it('tells what it sees at the moment when it is asked', async () => {
    const { ask, show } = await agent()
    show(0, WELL)
    show(5000, { ...WELL, entered: 1 })
    show(5900, DARK)
    expect(await ask(6000, { kind: 'facts' })).toEqual({
      kind: 'facts',
      device: 'SW-N',
      position: 'closed',
      tripped: false,
      lockedOut: false,
      disturbed: false,
      passage: 'yes',
      passedAgoMs: 100,
      toward: 'n3',
      nodeSideDead: true,
      sectionSideDead: true,
    })
  })

  it('tells nothing that its device itself doubts', async () => {
    const { ask, show, reads } = await agent()
    show(0, WELL)
    reads({ ...WELL, doubts: { position: ['failure'] } })
    await expect(ask(1, { kind: 'facts' })).rejects.toThrow('cannot be believed')
  })

  it('has written a grant down, durably, before it answers', async () => {
    const order: string[] = []
    const { ask } = await agent({
      async onBatch(_, durable) {
        await Promise.resolve()
        order.push(durable ? 'durable' : 'lost')
      },
    })
    order.push((await ask(0, reserve())).kind)
    expect(order).toEqual(['durable', 'granted'])
  })

  it('grants nothing that it cannot write down, and draws a greater number next time', async () => {
    let isFull = true
    const { ask } = await agent({
      onBatch() {
        if (isFull) throw new Error('disk full')
      },
    })
    expect(await ask(0, reserve())).toMatchObject({ kind: 'refused', why: 'not recorded: disk full' })
    isFull = false
    expect(await ask(1, reserve())).toEqual({ kind: 'granted', fence: 2 })
  })

  it('keeps a grant over a restart, and its numbers only grow', async () => {
    const first = await agent()
    expect(await first.ask(0, reserve())).toEqual({ kind: 'granted', fence: 1 })
    await first.stop()
    const second = await agent({ disk: first.disk })
    expect(
      await second.ask(0, { ...reserve(), incident: 'relay-north/1/1' } as Question, { ...TIE, name: 'relay-north' }),
    ).toMatchObject({ kind: 'refused' })
    expect(await second.ask(1, { kind: 'release', incident: 'tie/1/1', device: 'SW-N', fence: 1 })).toEqual({
      kind: 'done',
    })
    expect(await second.ask(2, reserve('tie/2/1'))).toEqual({ kind: 'granted', fence: 2 })
  })

  it.each([
    ['a peer of an organisation that is not obeyed', { ...TIE, organisation: 'customer' }, 'organisation'],
    ['a person', { ...TIE, roles: ['OPERATOR'] }, 'role'],
    ['an IED that operates no switch', { ...TIE, name: 'meter-n3' }, 'not-a-switch'],
    ['a peer that the file does not name', { ...TIE, name: 'stranger' }, 'not-a-switch'],
  ])('refuses %s', async (_, from, why) => {
    const { ask } = await agent()
    expect(await ask(0, { kind: 'facts' }, from)).toEqual({ kind: 'refused', why })
  })

  it('refuses who has another feeder file', async () => {
    const { ask } = await agent()
    expect(await ask(0, { kind: 'facts' }, TIE, new Uint8Array(16))).toEqual({ kind: 'refused', why: 'feeder-differs' })
  })

  it('takes nobody for the leader of another one’s incident', async () => {
    const { ask } = await agent()
    expect(await ask(0, reserve('relay-north/1/1'))).toMatchObject({ kind: 'refused' })
  })

  it('opens under a grant, when it is dark, and stays open: closing is locked out', async () => {
    const { ask, show, done, lockouts } = await agent()
    show(0, WELL)
    show(1000, DARK)
    await ask(1001, reserve())
    expect(await ask(1002, open(1))).toEqual({ kind: 'done', travelMs: 0 })
    expect(done).toEqual(['open'])
    // Nobody closes it while the leader relies on it, and afterwards nobody but to return to normal.
    expect([...lockouts].sort()).toEqual(['restoration', 'restoration-under-way'])
    await ask(1003, { kind: 'release', incident: 'tie/1/1', device: 'SW-N', fence: 1 })
    expect([...lockouts]).toEqual(['restoration'])
    expect(await ask(1003, { kind: 'facts' })).toMatchObject({
      position: 'open',
      lockedOut: true,
      barred: 'it isolates the fault of tie/1/1',
    })
  })

  it('is known to isolate also when a poll shows it closed while it still travels', async () => {
    const { ask, show, lockouts } = await agent({
      async onOperate() {
        show(1003, DARK)
        await new Promise(resolve => setImmediate(resolve))
      },
    })
    show(0, WELL)
    show(1000, DARK)
    await ask(1001, reserve())
    await ask(1002, open(1))
    show(1200, { ...DARK, position: 'open' })
    await ask(1201, { kind: 'release', incident: 'tie/1/1', device: 'SW-N', fence: 1 })
    expect([...lockouts]).toEqual(['restoration'])
    expect(await ask(1202, { kind: 'facts' })).toMatchObject({ lockedOut: true })
  })

  it.each([
    ['it carries load', WELL, 1, 'its sides are not known to be dead'],
    ['one side is live', { ...DARK, farDead: false }, 1, 'its sides are not known to be dead'],
    ['nothing is known of its sides', { position: 'closed' as const }, 1, 'its sides are not known to be dead'],
    ['it has a hot-line tag', { ...DARK, hotLineTag: true }, 1, 'it has a hot-line tag'],
    ['it is in local control', { ...DARK, local: true }, 1, 'it is in local control'],
    ['the number is an old one', DARK, 2, 'its number is 1, not 2'],
  ])('does not open when %s', async (_, status, fence, why) => {
    const { ask, show, done } = await agent()
    show(0, WELL)
    show(1000, status)
    await ask(1001, reserve())
    const answer = await ask(1002, open(fence))
    expect(answer).toMatchObject({ kind: 'refused', why: expect.stringContaining(why) })
    expect(done).toEqual([])
  })

  it('does not open when the grant is overdue, for another incident, or where restoration is off', async () => {
    const { ask, show, done } = await agent()
    show(0, WELL)
    show(1000, DARK)
    await ask(1001, reserve())
    expect(await ask(11_001, open(1))).toMatchObject({ kind: 'refused', why: 'the grant is overdue' })
    expect(await ask(1002, open(1, 'tie/1/2'))).toMatchObject({ kind: 'refused' })
    const off = await agent({ automatic: false })
    off.show(0, WELL)
    off.show(1000, DARK)
    await off.ask(1001, reserve())
    expect(await off.ask(1002, open(1))).toMatchObject({ kind: 'refused', why: 'automatic restoration is off here' })
    expect([...done, ...off.done]).toEqual([])
  })

  it('is opened by nobody while a crew has tagged it, over a restart too, and by no order closed', async () => {
    const first = await agent()
    expect(await first.order('tag')).toMatchObject({ result: 'done' })
    expect([...first.lockouts]).toEqual(['tag'])
    await first.stop()
    const { ask, show, order, lockouts, done } = await agent({ disk: first.disk })
    expect([...lockouts]).toEqual(['tag'])
    show(0, WELL)
    show(1000, DARK)
    await ask(1001, reserve())
    expect(await ask(1002, open(1))).toMatchObject({ kind: 'refused', why: 'it is tagged: crew 7 on the pole' })
    expect(await order('return-to-normal')).toMatchObject({ result: 'refused' })
    await order('untag')
    expect(await ask(1003, open(1))).toMatchObject({ kind: 'done' })
    expect(done).toEqual(['open'])
  })

  it('returns to normal by order: what isolates closes between a live and a dead side, and not else', async () => {
    const { ask, show, order, done } = await agent()
    show(0, WELL)
    show(1000, DARK)
    await ask(1001, reserve())
    await ask(1002, open(1))
    await ask(1003, { kind: 'release', incident: 'tie/1/1', device: 'SW-N', fence: 1 })
    show(2000, { ...DARK, position: 'open' })
    expect(await order('return-to-normal')).toMatchObject({
      result: 'refused',
      words: expect.stringContaining('no side'),
    })
    show(3000, { ...WELL, position: 'open' })
    expect(await order('return-to-normal')).toMatchObject({
      result: 'refused',
      words: expect.stringContaining('both sides'),
    })
    show(4000, { ...WELL, position: 'open', farDead: true })
    expect(await order('return-to-normal')).toMatchObject({ result: 'done' })
    expect(done).toEqual(['open', 'close'])
    expect(await ask(4001, reserve('tie/1/2'))).toMatchObject({ kind: 'granted' })
  })

  it.each([
    ['hotLineTag', 'it has a hot-line tag'],
    ['local', 'it is in local control'],
  ])('does not return to normal against what is set at the device: %s', async (key, why) => {
    const { ask, show, order, done } = await agent()
    show(0, WELL)
    show(1000, DARK)
    await ask(1001, reserve())
    await ask(1002, open(1))
    await ask(1003, { kind: 'release', incident: 'tie/1/1', device: 'SW-N', fence: 1 })
    show(4000, { ...WELL, position: 'open', farDead: true, [key]: true })
    expect(await order('return-to-normal')).toMatchObject({ result: 'refused', words: why })
    expect(done).toEqual(['open'])
  })

  it('joins two live sides in step alone, where the file lets it join them at all', async () => {
    const { show, order, done, bus: inside } = await agent({ parallelAllowed: true })
    async function back(status: Omit<Status, 'at'>): Promise<string> {
      show(4000, status)
      return (await order('return-to-normal')).words
    }
    const isOpen = { ...WELL, position: 'open' } as const
    expect(await back(isOpen)).toContain('no sync check shows that they are in step')
    expect(await back({ ...isOpen, inSync: false })).toContain('no sync check')
    expect(done).toEqual([])
    // The agent's own, then that of the device.
    inside.emit('inSync', { stands: true })
    expect(await back(isOpen)).toContain('closed again')
    inside.emit('inSync', { stands: false })
    expect(await back(isOpen)).toContain('no sync check')
    expect(await back({ ...isOpen, inSync: true })).toContain('closed again')
    expect(done).toEqual(['close', 'close'])
  })

  it('joins no two live sides that the file keeps apart, in step or not', async () => {
    const { show, order, done } = await agent()
    show(4000, { ...WELL, position: 'open', inSync: true })
    expect(await order('return-to-normal')).toMatchObject({ words: expect.stringContaining('open the tie') })
    expect(done).toEqual([])
  })

  it('is closed by no order while it is granted to somebody who relies on it, over a restart too', async () => {
    const first = await agent()
    first.show(0, WELL)
    first.show(1000, DARK)
    await first.ask(1001, reserve())
    await first.ask(1002, open(1))
    first.show(1003, { ...WELL, position: 'open', farDead: true })
    expect(await first.order('return-to-normal')).toMatchObject({
      result: 'refused',
      words: expect.stringContaining('granted to tie/1/1'),
    })
    await first.stop()
    const { show, order, lockouts, done, ask } = await agent({ disk: first.disk })
    show(0, { ...WELL, position: 'open', farDead: true })
    expect([...lockouts].sort()).toEqual(['restoration', 'restoration-under-way'])
    await ask(1, { ...reserve(), incident: 'relay-north/1/1' } as Question, { ...TIE, name: 'relay-north' })
    expect(await order('return-to-normal')).toMatchObject({ result: 'refused' })
    await ask(1, { kind: 'release', incident: 'tie/1/1', device: 'SW-N', fence: 1 })
    expect(await order('return-to-normal')).toMatchObject({ result: 'done' })
    expect(done).toEqual(['close'])
  })

  it('says what has become of an incident that it led itself, and of no other', async () => {
    const { ask, show } = await agent({ name: 'tie' })
    show(0, { ...WELL, position: 'open', lockedOut: true })
    const asker = { ...TIE, name: 'switch-north' }
    expect(await ask(1, { kind: 'confirm', incident: 'tie/0/9' }, asker)).toEqual({
      kind: 'confirmed',
      position: 'open',
    })
    expect(await ask(2, { kind: 'confirm', incident: 'relay-north/1/1' }, asker)).toMatchObject({ kind: 'refused' })
    show(3, WELL)
    expect(await ask(4, { kind: 'confirm', incident: 'tie/0/9' }, asker)).toEqual({
      kind: 'confirmed',
      position: 'closed',
    })
    show(5, { ...WELL, position: 'unknown' })
    expect(await ask(6, { kind: 'confirm', incident: 'tie/0/9' }, asker)).toMatchObject({ kind: 'refused' })
  })

  it('does not say that it will not close, right after a start that may have cut its closing short', async () => {
    const disk = memoryDisk()
    const store = openMemoryStore(disk)
    await (await restorationStore(store)).change(was => ({ ...was, attempted: 'tie/0/9' }))
    await store.close()
    const { ask, show } = await agent({ name: 'tie', disk })
    show(0, { ...WELL, position: 'open' })
    const asker = { ...TIE, name: 'switch-north' }
    expect(await ask(1, { kind: 'confirm', incident: 'tie/0/9' }, asker)).toMatchObject({ kind: 'refused' })
    expect(await ask(6000, { kind: 'confirm', incident: 'tie/0/9' }, asker)).toMatchObject({ kind: 'confirmed' })
  })

  it('answers others while one asks without end', async () => {
    let isStuck = true
    let free = nothing
    const stuck = new Promise<void>(resolve => {
      free = resolve
    })
    const { ask } = await agent({ onStatus: () => (isStuck ? stuck : undefined) })
    const flood = Array.from({ length: 100 }, () => ask(0, { kind: 'facts' }).catch((error: Error) => error.message))
    await new Promise(setImmediate)
    isStuck = false
    expect(await ask(1, { kind: 'facts' }, { ...TIE, name: 'relay-north' })).toMatchObject({ kind: 'facts' })
    free()
    const answers = await Promise.all(flood)
    expect(answers.filter(each => typeof each !== 'string')).toHaveLength(8)
    expect(await ask(2, { kind: 'facts' })).toMatchObject({ kind: 'facts' })
  })

  it('says whether it would act now, and why not', async () => {
    const { show, ready, bus: inside } = await agent()
    expect(ready()).toEqual({ scheme: 'restoration', ready: false, why: 'its device has not been read' })
    show(0, WELL)
    show(4000, DARK)
    expect(ready()).toEqual({ scheme: 'restoration', ready: true })
    inside.emit('inhibited', { stands: true })
    show(4001, DARK)
    expect(ready()).toMatchObject({ ready: false, why: 'an inhibit stands here' })
    inside.emit('device', { answering: false })
    expect(ready()).toMatchObject({ ready: false })
  })
})
