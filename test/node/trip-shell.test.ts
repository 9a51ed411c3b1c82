// The shell of trip coordination: what of the device's status reaches the decision, and when?

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Status } from '../../src/hal/port.ts'
import type { Received } from '../../src/mesh/messenger.ts'
import { bus, type ComponentContext, type RelayStateHeard } from '../../src/node/component.ts'
import { tripCoordinationComponent } from '../../src/node/components/trip-coordination.ts'
import { trippedMessage } from '../../src/protection/messages.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'
import { instant } from '../../topology/units.ts'

const FILE = 'topology/feeders/ieee13.yaml'
const file = parseFeeder(readFileSync(FILE, 'utf8'), FILE)
const nothing = (): void => {}

/** The substation's IED, above all others. */
async function upstream(name: string) {
  let now = 0
  const done: string[] = []
  const said: string[] = []
  const payloads: Uint8Array[] = []
  const feeder = createFeeder(file)
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  let receive: (message: Received) => void = nothing
  const context = {
    name,
    feeder,
    epoch: 1,
    clock: { now: () => instant(now), wakeAt: () => nothing },
    bus: inside,
    hal: { operate: async (operation: string) => void done.push(operation) },
    links: { hold: nothing },
    messenger: {
      on: (_row: unknown, handle: typeof receive) => {
        receive = handle
      },
      say({ type, payload }: { type: string; payload: Uint8Array }) {
        said.push(type)
        payloads.push(payload)
      },
      relay: () => 0,
      peerOf: nothing,
    },
    report: nothing,
  } as unknown as ComponentContext
  const running = await tripCoordinationComponent.start(context)
  return {
    done,
    said,
    payloads,
    relayState: (heard: RelayStateHeard) => inside.emit('relayState', heard),
    running,
    status(ms: number, status: Omit<Status, 'at'>) {
      now = ms
      inside.emit('status', { at: instant(ms), ...status })
    },
    silent: () => inside.emit('device', { answering: false }),
    announced(ms: number, device: string, origin: string, breakerFailureMs: number) {
      now = ms
      receive({
        origin: { name: origin },
        mayAct: true,
        payload: trippedMessage.encode({ event: `${origin}/1/1`, device, breakerFailureMs }),
      } as Received)
    },
  }
}

const feeder = createFeeder(file)
const INTERRUPTERS = ['breaker', 'recloser']
const operatorOf = (device: string): string => file.ieds.find(({ operates }) => operates === device)?.name ?? ''
const tripping = file.devices.filter(({ name, kind }) => INTERRUPTERS.includes(kind) && operatorOf(name) !== '')
const breaker = tripping.find(({ kind }) => kind === 'breaker')?.name ?? ''
const recloser = tripping.find(({ kind }) => kind === 'recloser')?.name ?? ''

describe('the shell of trip coordination', () => {
  const backup = async () => {
    const ied = await upstream(operatorOf(breaker))
    ied.status(0, { pickup: true, tripped: false })
    ied.announced(10, recloser, operatorOf(recloser), 1000)
    return ied
  }

  it('backs a failed breaker up on an unchanged status, read after its time', async () => {
    const { status, done } = await backup()
    status(900, { pickup: true, tripped: false })
    expect(done).toEqual([])
    status(1010, { pickup: true, tripped: false })
    expect(done).toEqual(['open'])
  })
  it('backs nobody up after a silence', async () => {
    const { status, silent, done } = await backup()
    silent()
    status(1010, { pickup: true, tripped: false })
    status(1030, { pickup: true, tripped: false })
    expect(done).toEqual([])
  })
  it('calls the trip as the pickup was called that it ends', async () => {
    const { status, payloads, relayState } = await upstream(operatorOf(breaker))
    status(0, { pickup: false, tripped: false })
    relayState({ device: breaker, event: 'S/1/r7', state: 'picked-up', origin: operatorOf(breaker), place: 'own' })
    status(20, { pickup: true, tripped: true })
    expect(payloads.map(each => trippedMessage.decode(each).event)).toEqual(['S/1/r7'])
  })
  it('backs up a breaker of which its IED below says that it has failed, not one above or elsewhere', async () => {
    const { status, done, relayState } = await upstream(operatorOf(breaker))
    status(0, { pickup: true, tripped: false })
    const failed = { device: recloser, event: 'R/1/r1', state: 'breaker-failed', origin: operatorOf(recloser) } as const
    relayState({ ...failed, place: 'above' })
    relayState({ ...failed, place: 'elsewhere' })
    status(2000, { pickup: true, tripped: false })
    expect(done).toEqual([])
    relayState({ ...failed, place: 'below' })
    status(2049, { pickup: true, tripped: false })
    expect(done).toEqual([])
    status(2050, { pickup: true, tripped: false })
    expect(done).toEqual(['open'])
  })
  it('lets those in between back it up first, each in its own time', async () => {
    const fed = feeder.fedThrough(recloser).certain
    const last = tripping.find(({ name }) => name !== recloser && fed.has(operatorOf(name)))
    const { status, announced, done } = await upstream(operatorOf(breaker))
    status(0, { pickup: true, tripped: false })
    announced(10, last?.name ?? '', operatorOf(last?.name ?? ''), 250)
    const between = feeder.device(recloser).breakerFailureMs
    status(259 + between, { pickup: true, tripped: false })
    expect(done).toEqual([])
    status(260 + between, { pickup: true, tripped: false })
    expect(done).toEqual(['open'])
  })
  it('announces a trip, but none that was there when the device was first heard, at the start or after a silence', async () => {
    const { status, silent, said } = await upstream(operatorOf(breaker))
    silent()
    status(20, { tripped: true })
    silent()
    status(40, { tripped: true })
    expect(said).toEqual([])
    status(60, { tripped: false })
    status(80, { tripped: true })
    expect(said).toEqual(['tripped'])
  })
})
