// Plays one seed and says what did not hold:
//
//   acknowledged   each record whose append resolved is in its ledger, whatever happened since
//   once           no body is stored twice at a back end, and sums over readings are those of the readings
//   unaltered      what a back end has of a ledger is the ledger, with the bodies that it is entitled to
//   arrives        within ten virtual minutes after the faults end, each back end has receipted everything

import { isDeepStrictEqual } from 'node:util'
import { readingIn } from '../../src/aggregation/reading.ts'
import { chainStart, checkChain, type LedgerRecord } from '../../src/aggregation/record.ts'
import { entitled } from '../../src/aggregation/sharing-policy.ts'
import { createWorld, destinations, type Ied, policy, TICK_MS, type World } from './world.ts'

const FAULTY_TICKS = 48
const CALM_MS = 600_000

export interface SeedOutcome {
  readonly seed: number
  readonly violations: readonly string[]
  readonly records: number
  /** From the end of the faults until everything was receipted, virtual ms; undefined: not within ten minutes. */
  readonly settledMs: number | undefined
}

export async function checkSeed(seed: number): Promise<SeedOutcome> {
  const world = createWorld(seed)
  for (let n = 0; n < FAULTY_TICKS; n++) await world.tick()
  world.endFaults()
  const calm = world.nowMs()
  let settledMs: number | undefined
  while (settledMs === undefined && world.nowMs() - calm < CALM_MS) {
    await world.tick()
    if (await isSettled(world)) settledMs = world.nowMs() - calm
  }
  const late = settledMs === undefined ? await pendingOf(world) : []
  const faults = (await Promise.all(world.ieds.map(ied => faultsOf(world, ied, settledMs !== undefined)))).flat()
  return {
    seed,
    settledMs,
    violations: [...world.violations, ...late, ...faults],
    records: world.ieds.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0),
  }
}

async function isSettled(world: World): Promise<boolean> {
  const opened = await Promise.all(world.ieds.map(world.opened))
  return opened.every(({ source }) => destinations.every(({ backEnd }) => source.pending(backEnd) === 0))
}

async function pendingOf(world: World): Promise<string[]> {
  const lines: string[] = []
  for (const ied of world.ieds) {
    const { source } = await world.opened(ied)
    for (const { backEnd } of destinations) {
      const pending = source.pending(backEnd)
      if (pending > 0) lines.push(`arrives: ${ied.name}: ${pending} records wait for ${backEnd} ${TICK_MS} ms ticks on`)
    }
  }
  return lines
}

async function faultsOf(world: World, ied: Ied, isWhole: boolean): Promise<string[]> {
  const faults: string[] = []
  const { ledger } = await world.opened(ied)
  const own = await ledger.read({ after: 0, limit: 100_000, maxBytes: Number.POSITIVE_INFINITY })
  for (const { number, commitment } of ied.acknowledged) {
    if (!isDeepStrictEqual(own[number - 1]?.header.commitment, commitment)) {
      faults.push(`acknowledged: ${ied.name}: record ${number} is not the one that was acknowledged`)
    }
  }
  for (const { backEnd, organisation } of destinations) {
    const collector = world.collector(backEnd)
    const theirs: LedgerRecord[] = []
    for await (const each of collector.records({ ied: ied.name, ledgerId: ledger.ledgerId })) theirs.push(each)
    const where = `${backEnd} of ${ied.name}`
    if (isWhole && theirs.length !== own.length) faults.push(`arrives: ${where}: ${theirs.length} of ${own.length}`)
    const check = checkChain(chainStart, ledger, theirs)
    if (!check.ok) faults.push(`unaltered: ${where}: the chain is broken`)
    let wattHours = 0n
    let readings = 0
    for (const [n, record] of theirs.entries()) {
      const mine = own[n]
      const mayHave = mine !== undefined && entitled(policy, mine.header, { organisation })
      if (!isDeepStrictEqual(record.header, mine?.header)) faults.push(`unaltered: ${where}: header ${n + 1}`)
      if (record.body && (!mayHave || !isDeepStrictEqual(record.body, mine?.body))) {
        faults.push(`unaltered: ${where}: body ${n + 1}`)
      }
      if (isWhole && mayHave && !record.body) faults.push(`arrives: ${where}: body ${n + 1} lacks`)
      const reading = record.header.class === 'billing' && record.body ? readingIn(record.body.content) : undefined
      if (reading === undefined) continue
      readings++
      wattHours += reading.importWhEnd - reading.importWhStart
    }
    const total = await collector.total(ied.name)
    if (total.importWh !== wattHours || total.readings !== readings) {
      faults.push(`once: ${where}: ${total.importWh} Wh in ${total.readings}, want ${wattHours} in ${readings}`)
    }
  }
  return faults
}
