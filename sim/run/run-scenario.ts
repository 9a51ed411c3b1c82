// Plays one scenario in a world of its own, from its seed, and judges it.

import { openCollector } from '../../src/aggregation/collector.ts'
import { readingIn } from '../../src/aggregation/reading.ts'
import type { Store } from '../../src/aggregation/store.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { utcMs } from '../../topology/units.ts'
import { backEndOf, organisationsOf } from '../agent-settings.ts'
import type { ClockErrors } from '../runtime/virtual-clock.ts'
import { createWorld, type World, type WorldOptions } from '../runtime/world.ts'
import { direct, networkOptionsOf } from './director.ts'
import type { Evidence } from './evidence.ts'
import { judge } from './judge.ts'
import { type LedgerWatch, ledgerWatch, type Registers } from './ledger-watch.ts'
import { secondsOf } from './load-shapes.ts'
import { plantWatch } from './plant-watch.ts'
import type { RunOptions, RunResult } from './result.ts'
import type { SimScenario } from './scenario-schema.ts'

const STRIDE_MS = 1000

/**
 * Deterministic: scenario, feeder and seed decide all of the result but `realMs`.
 *
 * @param scenario checked against the feeder, as `readScenario` and `checkedScenario` return it
 * @throws what an agent's code threw outside of its own handling
 */
export async function runScenario(
  scenario: SimScenario,
  feeder: FeederFile,
  options: RunOptions = {},
): Promise<RunResult> {
  const seed = options.seed ?? scenario.seed
  const ledgers = ledgerWatch()
  const world = await createWorld(worldOptions(scenario, feeder, seed, ledgers, options))
  const watch = plantWatch(world, { voltages: options.voltages ?? true })
  const director = direct(world, scenario, watch.feeder, watch.sample)
  if (options.onEvent !== undefined) world.trace.onEvent(options.onEvent)
  options.onWorld?.(world)
  for (const [device, position] of Object.entries(scenario.positions)) {
    if (world.site.plant.position(device) !== position) {
      world.site.operate(device, position === 'open' ? 'open' : 'close')
    }
  }

  const began = performance.now()
  const plannedMs = scenario.forSeconds * 1000
  const settleMs = settleSeconds(scenario) * 1000
  const goTo = async (end: number): Promise<void> => {
    for (let at = world.scheduler.now(); at < end && options.signal?.aborted !== true; ) {
      at = Math.min(end, at + STRIDE_MS)
      await world.runUntil(at)
      options.onProgress?.(at, plannedMs + settleMs)
    }
  }
  await goTo(plannedMs)
  const endMs = world.scheduler.now()
  const running = new Set(world.names.filter(world.isRunning))
  const readings = new Map(feeder.ieds.map(({ name }) => [name, new Map(ledgers.readingsOf(name))]))
  watch.sample()
  const energies = new Map(feeder.ieds.map(({ name }) => [name, world.site.energy(name)]))
  const seen = { supply: [...watch.supply], switching: [...watch.switching], voltages: [...watch.voltages] }
  await goTo(endMs + settleMs)

  const evidence: Evidence = {
    scenario,
    feeder,
    events: world.trace.events,
    steps: director.steps,
    supply: seen.supply,
    endMs,
    running,
    agents: world.names,
    readings,
    stored: await storedIn(world, feeder, ledgers),
    energy: meter => energies.get(meter) ?? { trueWh: 0n, registeredWh: 0n },
  }
  const expectations = judge(evidence)
  return {
    scenario,
    feeder,
    seed,
    ok: expectations.every(({ ok }) => ok),
    expectations,
    trace: world.trace,
    steps: [...director.steps.values()],
    endMs,
    settledMs: world.scheduler.now(),
    ...seen,
    counts: { events: world.scheduler.count, sent: world.network.sent, lost: world.network.lost },
    realMs: performance.now() - began,
  }
}

/** How long the run goes on after the scenario's time: two rounds of forwarding when readings are to arrive. */
export function settleSeconds({ settleSeconds: given, expect, forwardingSeconds }: SimScenario): number {
  if (given !== undefined) return given
  return expect.some(entry => 'readingsDelivered' in entry) ? 2 * forwardingSeconds + 8 : 0
}

function worldOptions(
  scenario: SimScenario,
  feeder: FeederFile,
  seed: string,
  ledgers: LedgerWatch,
  { signatures, keep, ports, agents }: RunOptions,
): WorldOptions {
  return {
    feeder,
    seed,
    startUtcMs: Date.parse(scenario.startUtc),
    startSecondsOfDay: secondsOf(scenario.startTimeOfDay),
    readingSeconds: scenario.readingSeconds,
    forwardingSeconds: scenario.forwardingSeconds,
    restoration: scenario.restoration,
    network: networkOptionsOf(scenario.network),
    clocks: new Map<string, ClockErrors>(Object.entries(scenario.clocks)),
    settings: new Map(Object.entries(scenario.agents)),
    liars: new Set(scenario.steps.flatMap(step => ('lie' in step ? [step.lie.agent] : []))),
    ports: (name, given) => ledgers.ports(name, ports?.(name, given) ?? given),
    ...(signatures === undefined ? {} : { signatures }),
    ...(keep === undefined ? {} : { keep }),
    ...(agents === undefined ? {} : { agents }),
  }
}

type Stored = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<number, Registers>>>

/** Readings in the stores of the back ends that run. */
async function storedIn(world: World, feeder: FeederFile, ledgers: LedgerWatch): Promise<Stored> {
  const stored = new Map<string, ReadonlyMap<string, ReadonlyMap<number, Registers>>>()
  for (const organisation of organisationsOf(feeder)) {
    const backEnd = backEndOf(organisation)
    const store = ledgers.storeOf(backEnd)
    if (store === undefined || !world.isRunning(backEnd)) continue
    stored.set(backEnd, await readingsIn(store, backEnd, organisation))
  }
  return stored
}

async function readingsIn(
  store: Store,
  backEnd: string,
  organisation: string,
): Promise<ReadonlyMap<string, ReadonlyMap<number, Registers>>> {
  const collector = openCollector({
    backEnd,
    organisation,
    store,
    sign: () => new Uint8Array(),
    utc: () => ({ utcMs: utcMs(0), quality: 'good' }),
    keyOf: () => undefined,
    mayCollect: () => false,
  })
  const byIed = new Map<string, Map<number, Registers>>()
  for (const { ied, ledgerId } of await collector.heads()) {
    const own = byIed.get(ied) ?? new Map<number, Registers>()
    byIed.set(ied, own)
    for await (const { header, body } of collector.records({ ied, ledgerId })) {
      const reading = header.class === 'billing' && body !== undefined ? readingIn(body.content) : undefined
      if (reading !== undefined) own.set(header.number, { start: reading.importWhStart, end: reading.importWhEnd })
    }
  }
  return byIed
}
