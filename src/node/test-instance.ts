// A second instance of the protection's components, beside the live one, for the time of a site test. They are the same shells
// and cores, on a context of their own: a bus, a device and a store that exist for the test alone, and messages of test types.
// Nothing that they do reaches the live bus, the field device, the loads, the ledger, the alerts, attached computers or
// back-end peers; what they would have done is told to whoever runs the test. What they share is only looked at: the live
// feeder, the connected peers, the clock.

import type { Feeder } from '../../topology/feeder.ts'
import { utcMs } from '../../topology/units.ts'
import type { Ledger } from '../aggregation/ledger.ts'
import { openMemoryStore } from '../aggregation/memory-store.ts'
import { type Hal, HalError, type Measurement, type Operation, type Status } from '../hal/port.ts'
import type { AuthorityRow } from '../mesh/authority.ts'
import type { Credential } from '../mesh/credential.ts'
import type { Links } from '../mesh/links.ts'
import { MeshError } from '../mesh/mesh-error.ts'
import type { Received } from '../mesh/messenger.ts'
import { RESTORATION_PROTOCOL } from '../protection/restoration/questions.ts'
import { type Bus, bus, type Component, type ComponentContext, type Running } from './component.ts'
import { earlyWarningComponent } from './components/early-warning.ts'
import { interlockComponent } from './components/interlock.ts'
import { relayStatesComponent } from './components/relay-states.ts'
import { restorationComponent } from './components/restoration.ts'
import { transferTripComponent } from './components/transfer-trip.ts'
import { tripCoordinationComponent } from './components/trip-coordination.ts'
import { loadDesks } from './load-desk.ts'
import { RESTORATION_KEY } from './restoration-store.ts'
import type { TellHost } from './run-host.ts'
import { TEST_RESTORATION_PROTOCOL, testQuestion } from './test-question.ts'
import { testedTypes, testTypeOf } from './test-types.ts'

/** In the order in which the agent starts them. */
const TESTED: readonly Component[] = [
  earlyWarningComponent,
  relayStatesComponent,
  interlockComponent,
  tripCoordinationComponent,
  transferTripComponent,
  restorationComponent,
]
/** What people have said that stands: tags, and whose word counts on a load. It begins with a copy of them. */
const STANDING = [RESTORATION_KEY, 'loads/main', 'loads/sheddable']
const nothing = (): void => {}

export interface TestInstance {
  readonly bus: Bus
  /** By the type of the real message. */
  row(type: string): AuthorityRow | undefined
  hear(type: string, message: Received): void
  /** What another IED's instance asks this one about restoration. @throws MeshError MESH_REFUSED */
  asked(from: Credential, question: Uint8Array): Promise<Uint8Array>
  stop(): Promise<void>
}

export interface TestWorld {
  /** The number of the order that began it. */
  readonly test: string
  /** With positions of the test. */
  readonly feeder: Feeder
  /** What the device shows in the test. */
  status(): Status
  measure(): Measurement
  /** One of the components has told the device to do this. */
  operated(operation: Operation | `${string} on` | `${string} off`): Promise<void>
  reported(event: string, fields: Readonly<Record<string, unknown>>): void
  /** In place of running what is configured for an attached computer. */
  readonly tellHost: TellHost
  failed(event: string, error: Error): void
}

export async function testInstance(context: ComponentContext, world: TestWorld): Promise<TestInstance> {
  const inside = bus(world.failed)
  const rows = new Map<string, { readonly row: AuthorityRow; handle(message: Received): void }>()
  const hal = context.hal === undefined ? undefined : testHal(context.hal, world)
  const store = openMemoryStore()
  const { clock, config, log, name } = context
  const { feeder } = world
  for (const key of STANDING) {
    const value = await context.store.get(key)
    if (value !== undefined) await store.batch([{ put: key, value }], { durable: true })
  }
  const served: { restoration?: Parameters<Links['serve']>[1] } = {}
  const ledger = unwritten(context.ledger)
  function report(event: string, fields: Record<string, unknown> = {}): void {
    inside.emit('report', { event, atMs: clock.now(), ...fields })
    world.reported(event, fields)
  }
  const loads = await loadDesks({ name, feeder, hal, store, ledger, clock, bus: inside, report, log })
  const changes = {
    bus: inside,
    feeder,
    hal: loads.hal,
    store,
    ledger,
    config: { ...config, earlyWarning: { ...config.earlyWarning, backEnds: [] } },
    loads,
    links: testLinks(context.links, world.test, served),
    messenger: {
      ...context.messenger,
      say: (message: Parameters<typeof context.messenger.say>[0]) =>
        testedTypes.has(message.type)
          ? context.messenger.say({ ...message, type: testTypeOf(message.type), topics: [] })
          : 0,
      on: (row: AuthorityRow, handle: (message: Received) => void) => void rows.set(row.type, { row, handle }),
      expects: nothing,
    },
    serviceManager: undefined,
    tellHost: world.tellHost,
    order: () => Promise.reject(new Error('a site test orders nobody')),
    report,
    readout: nothing,
    listing: nothing,
  }
  // Not a spread of the context: that would take the epoch and the credential as they are now.
  const given = Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(context), ...Object.getOwnPropertyDescriptors(changes) },
  ) as ComponentContext
  const running: Running[] = []
  const stop = async (): Promise<void> => {
    for (const each of running.splice(0).reverse()) await each.stop()
    await loads.stop()
    await store.close()
  }
  try {
    for (const component of TESTED) running.push(await component.start(given))
  } catch (error) {
    await stop()
    throw error
  }
  loads.begin()
  inside.emit('components-started', {})
  return {
    bus: inside,
    row: type => rows.get(type)?.row,
    hear: (type, message) => rows.get(type)?.handle(message),
    async asked(from, question) {
      if (served.restoration === undefined) throw new MeshError('MESH_REFUSED', `${name} takes no part in restoration`)
      return served.restoration(from, question)
    },
    stop,
  }
}

/** What the components would record is not recorded. */
function unwritten(ledger: Ledger): Ledger {
  const { ied, ledgerId } = ledger
  const zeros = new Uint8Array(32)
  const append: Ledger['append'] = async recordClass => ({
    ledgerId,
    ied,
    number: 0,
    class: recordClass,
    utcMs: utcMs(0),
    utcQuality: 'unset',
    previousHash: zeros,
    commitment: zeros,
  })
  return Object.create(ledger, { append: { value: append } }) as Ledger
}

/**
 * Looks at the peers, and holds, subscribes and serves nothing: that is the live instance's. What restoration asks goes to the
 * other instances of the same test.
 */
function testLinks(links: Links, test: string, served: { restoration?: Parameters<Links['serve']>[1] }): Links {
  return {
    ...links,
    hold: nothing,
    subscribe: nothing,
    unsubscribe: nothing,
    publish: async () => 0,
    serve(protocol, answer) {
      if (protocol === RESTORATION_PROTOCOL) served.restoration = answer
    },
    serveStream: nothing,
    onPeer: nothing,
    onLink: nothing,
    onFrame: nothing,
    onAsk: nothing,
    send: () => false,
    expel: nothing,
    request: (peer, protocol, question, patience) =>
      protocol === RESTORATION_PROTOCOL
        ? links.request(peer, TEST_RESTORATION_PROTOCOL, testQuestion(test, question), patience)
        : Promise.reject(new Error('a site test asks nobody')),
  }
}

/** As much can be told to it as to the real one, and nothing of it gets there. */
function testHal(real: Hal, { status, measure, operated }: TestWorld): Hal {
  const drive = async (output: string, on: boolean): Promise<void> => {
    if (real.outputs?.includes(output) !== true) throw new HalError('HAL_UNSUPPORTED', `no output ${output}`)
    await operated(`${output} ${on ? 'on' : 'off'}`)
  }
  return {
    measure: async () => measure(),
    status: async () => status(),
    ...(real.operate === undefined ? {} : { operate: (operation: Operation) => operated(operation) }),
    ...(real.operations === undefined ? {} : { operations: real.operations }),
    ...(real.outputs === undefined ? {} : { outputs: real.outputs }),
    ...(real.drive === undefined ? {} : { drive }),
    close: async () => {},
  }
}
