// What a back end's memory does while ten million readings of a thousand meters are taken in, verified and durable on level:
// resident memory at 1, 2, 5 and 10 million, after collections, with the pages of mapped files of the store apart.
//
//   node --expose-gc dist/bench/ten-million.js [--readings 10000000] [--batch-of 500] [--dir DIR]    batches of 256 to 1000

import '../src/node/polyfill.ts'
import { fork } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openCollector } from '../src/aggregation/collector.ts'
import { batchCodec } from '../src/aggregation/delivery.ts'
import type { Verify } from '../src/aggregation/record.ts'
import { openLevelStore } from '../src/node/level-store.ts'
import { utcMs } from '../topology/units.ts'
import { BACK_END } from './recorded-batches.ts'
import { machine, machineLine } from './table.ts'
import type { MeterSent, MeterWanted } from './ten-million-meters.ts'

const METERS = 1000
/** Meters that deliver at once. */
const AT_ONCE = 4

const { values } = parseArgs({
  options: {
    readings: { type: 'string', default: '10000000' },
    'batch-of': { type: 'string', default: '500' },
    dir: { type: 'string' },
  },
})
const wanted = Number(values.readings)
const batchOf = Number(values['batch-of'])
const perMeter = Math.ceil(wanted / METERS / batchOf) * batchOf
const marks = [0.1, 0.2, 0.5, 1].map(share => Math.round(share * perMeter * METERS))
const collect = (globalThis as { gc?: () => void }).gc
if (collect === undefined) throw new Error('want node --expose-gc')

const dir = await mkdtemp(join(values.dir ?? tmpdir(), 'feedermesh-ten-million-'))
const meters = fork(fileURLToPath(new URL('./ten-million-meters.js', import.meta.url)), { serialization: 'advanced' })
const { privateKey } = generateKeyPairSync('ed25519')
const keys = new Map<string, Verify>()
const store = await openLevelStore(join(dir, 'store'))
const collector = openCollector({
  ...BACK_END,
  store,
  sign: message => new Uint8Array(sign(null, message, privateKey)),
  utc: () => ({ utcMs: utcMs(Date.now()), quality: 'good' }),
  keyOf: ied => keys.get(ied),
  mayCollect: () => true,
})
console.log(machineLine(await machine(1)))
console.log('readings     resident MB  of it files MB  heap MB  readings/s since the last  load')

/** The next meter is made while the ones before it are taken in. */
let made = 0
let coming = nextMeter()
function nextMeter(): Promise<MeterSent> | undefined {
  if (made >= METERS) return undefined
  const question: MeterWanted = { ied: `meter-${made++}`, readings: perMeter, batchOf }
  return new Promise(resolve => {
    meters.once('message', sent => resolve(sent as MeterSent))
    meters.send(question)
  })
}
let turn: Promise<unknown> = Promise.resolve()
function takeMeter(): Promise<MeterSent | undefined> {
  const taken = turn.then(async () => {
    const meter = await coming
    coming = meter === undefined ? undefined : nextMeter()
    return meter
  })
  turn = taken
  return taken
}

let readings = 0
let since = { at: Date.now(), readings: 0 }
let pause: Promise<void> | undefined

async function tell(): Promise<void> {
  const isFirst = readings === 0
  const perSecond = isFirst ? '' : Math.round((1000 * (readings - since.readings)) / (Date.now() - since.at))
  for (let round = 0; round < 4; round++) {
    collect?.()
    await sleep(50)
  }
  const { rss, heapUsed } = process.memoryUsage()
  const columns = [
    String(readings).padEnd(12),
    mb(rss).padStart(11),
    mb(mappedBytes()).padStart(15),
    mb(heapUsed).padStart(8),
    String(perSecond).padStart(26),
    (loadavg()[0] ?? 0).toFixed(1).padStart(5),
  ]
  console.log(columns.join(' '))
  since = { at: Date.now(), readings }
}

const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)
const mappedBytes = (): number =>
  1024 * Number(/^RssFile:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0)

async function deliverMeters(): Promise<void> {
  for (let meter = await takeMeter(); meter !== undefined; meter = await takeMeter()) {
    const key = createPublicKey({ key: Buffer.from(meter.publicKey), format: 'der', type: 'spki' })
    keys.set(meter.ied, (message, signature) => verify(null, message, key, signature))
    for (const batch of meter.batches) {
      const outcome = await collector.accept(batchCodec.decode(batch))
      if (outcome.kind !== 'receipt') throw new Error(`${meter.ied}: ${outcome.reason}`)
      readings += batchOf
      if (readings >= (marks[0] ?? Number.POSITIVE_INFINITY)) {
        marks.shift()
        pause = tell().finally(() => {
          pause = undefined
        })
      }
      if (pause !== undefined) await pause
    }
  }
}

try {
  await tell()
  await Promise.all(Array.from({ length: AT_ONCE }, deliverMeters))
  let counted = 0
  for (let n = 0; n < METERS; n++) counted += (await collector.total(`meter-${n}`)).readings
  console.log(`${counted} readings counted by the back end, want ${perMeter * METERS}`)
  if (counted !== perMeter * METERS) process.exitCode = 1
} finally {
  meters.disconnect()
  await store.close()
  await rm(dir, { recursive: true, force: true })
}
