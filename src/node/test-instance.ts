// A second instance of the protection's components, beside the live one, for the time of a site test. They are the same shells
// and cores, on a context of their own: a bus, a device and a store that exist for the test alone, and messages of test types.
// Nothing that they do reaches the live bus, the field device, the loads, the ledger, the alerts, attached computers or
// back-end peers; what they would have done is told to whoever runs the test. What they share is only looked at: the live
// feeder, the connected peers, the clock.

import { openMemoryStore } from '../aggregation/memory-store.ts'
import { type Hal, HalError, type Measurement, type Operation, type Status } from '../hal/port.ts'
import type { AuthorityRow } from '../mesh/authority.ts'
import type { Links } from '../mesh/links.ts'
import type { Received } from '../mesh/messenger.ts'
import { type Bus, bus, type Component, type ComponentContext, type Running } from './component.ts'
import { earlyWarningComponent } from './components/early-warning.ts'
import { interlockComponent } from './components/interlock.ts'
import { relayStatesComponent } from './components/relay-states.ts'
import { transferTripComponent } from './components/transfer-trip.ts'
import { tripCoordinationComponent } from './components/trip-coordination.ts'
import { testedTypes, testTypeOf } from './test-types.ts'

/** In the order in which the agent starts them. */
const TESTED: readonly Component[] = [
  earlyWarningComponent,
  relayStatesComponent,
  interlockComponent,
  tripCoordinationComponent,
  transferTripComponent,
]
const nothing = (): void => {}

export interface TestInstance {
  readonly bus: Bus
  /** By the type of the real message. */
  row(type: string): AuthorityRow | undefined
  hear(type: string, message: Received): void
  stop(): Promise<void>
}

export interface TestWorld {
  /** What the device shows in the test. */
  status(): Status
  measure(): Measurement
  /** One of the components has told the device to do this. */
  operated(operation: Operation | `${string} on` | `${string} off`): Promise<void>
  reported(event: string, fields: Readonly<Record<string, unknown>>): void
  failed(event: string, error: Error): void
}

export async function testInstance(context: ComponentContext, world: TestWorld): Promise<TestInstance> {
  const inside = bus(world.failed)
  const rows = new Map<string, { readonly row: AuthorityRow; handle(message: Received): void }>()
  const hal = context.hal === undefined ? undefined : testHal(context.hal, world)
  const store = openMemoryStore()
  const { config } = context
  const settings = {
    ...config,
    hosts: [],
    earlyWarning: { ...config.earlyWarning, backEnds: [] },
  }
  const changes = {
    bus: inside,
    hal,
    store,
    config: settings,
    loads: { all: [], of: () => undefined, hal, begin: nothing, stop: async () => {} },
    links: testLinks(context.links),
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
    order: () => Promise.reject(new Error('a site test orders nobody')),
    report(event: string, fields: Record<string, unknown> = {}): void {
      inside.emit('report', { event, atMs: context.clock.now(), ...fields })
      world.reported(event, fields)
    },
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
    await store.close()
  }
  try {
    for (const component of TESTED) running.push(await component.start(given))
  } catch (error) {
    await stop()
    throw error
  }
  inside.emit('components-started', {})
  return {
    bus: inside,
    row: type => rows.get(type)?.row,
    hear: (type, message) => rows.get(type)?.handle(message),
    stop,
  }
}

/** Looks at the peers, and holds, subscribes, serves and asks nothing: that is the live instance's. */
function testLinks(links: Links): Links {
  return {
    ...links,
    hold: nothing,
    subscribe: nothing,
    unsubscribe: nothing,
    publish: async () => 0,
    serve: nothing,
    serveStream: nothing,
    onPeer: nothing,
    onLink: nothing,
    onFrame: nothing,
    onAsk: nothing,
    send: () => false,
    expel: nothing,
    request: () => Promise.reject(new Error('a site test asks nobody')),
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
