// Meters for `ten-million.ts`, in a process of their own, so that its memory is the back end's alone. Asked for one, it sends one.
//
// Their batches are put together from bytes: a ledger and the batch codec take longer to make a reading than a back end takes
// to check one. All meters have the same readings; ledgers, headers, chains and signatures are their own.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { encodeReading } from '../src/aggregation/reading.ts'
import {
  type Body,
  bodyCodec,
  chainHash,
  chainStart,
  commitmentTo,
  type Header,
  headerCodec,
  signHead,
} from '../src/aggregation/record.ts'
import { toCbor } from '../topology/cbor.ts'
import { utcMs } from '../topology/units.ts'

export interface MeterWanted {
  readonly ied: string
  readonly readings: number
  readonly batchOf: number
}

export interface MeterSent {
  readonly ied: string
  /** SPKI, DER. */
  readonly publicKey: Uint8Array
  readonly batches: readonly Uint8Array[]
}

const QUARTER = 900_000
const START = 1_750_000_000_000

const bodies: { readonly encoded: Uint8Array; readonly commitment: Uint8Array }[] = []
let importWh = 0n
function bodyOf(n: number): (typeof bodies)[number] {
  for (let next = bodies.length; next <= n; next++) {
    const used = BigInt(100 + ((next * 37) % 900))
    const content = encodeReading({
      startUtcMs: utcMs(START + next * QUARTER),
      endUtcMs: utcMs(START + (next + 1) * QUARTER),
      importWhStart: importWh,
      importWhEnd: importWh + used,
      exportWhStart: 0n,
      exportWhEnd: 0n,
      volts: { a: 230.1, b: 229.4, c: 231.2 },
      flags: [],
    })
    importWh += used
    const body: Body = { salt: new Uint8Array(randomBytes(32)), content }
    bodies.push({ encoded: bodyCodec.encode(body), commitment: commitmentTo(body) })
  }
  return bodies[n] as (typeof bodies)[number]
}

/** The keys of a map of so many entries stand in the order of their bytes: the shorter first. */
const BODY = Buffer.concat([Uint8Array.of(0xa2), toCbor('body')])
const HEADER = toCbor('header')
const arrayOf = (count: number): Uint8Array => Uint8Array.of(0x99, count >> 8, count & 0xff)

function meter({ ied, readings, batchOf }: MeterWanted): MeterSent {
  if (batchOf < 256 || batchOf > 1000) throw new RangeError(`batches of ${batchOf}, want 256 to 1000`)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const ledgerId = randomBytes(16).toString('hex')
  const batches: Uint8Array[] = []
  let previousHash = chainStart.chainHash
  for (let from = 0; from + batchOf <= readings; from += batchOf) {
    const records: Uint8Array[] = []
    for (let n = from; n < from + batchOf; n++) {
      const { encoded, commitment } = bodyOf(n)
      const at = utcMs(START + (n + 1) * QUARTER)
      const header: Header = {
        ...{ ledgerId, ied, number: n + 1, class: 'billing', utcMs: at, utcQuality: 'good' },
        ...{ previousHash, commitment },
      }
      records.push(BODY, encoded, HEADER, headerCodec.encode(header))
      previousHash = chainHash(header)
    }
    const number = from + batchOf
    const end = { ied, ledgerId, number, chainHash: previousHash, utcMs: utcMs(START + number * QUARTER) }
    const head = signHead(end, message => new Uint8Array(sign(null, message, privateKey)))
    const parts = [
      ...[Uint8Array.of(0xa6), toCbor('ied'), toCbor(ied), toCbor('head'), toCbor({ ...head })],
      ...[toCbor('kind'), toCbor('batch'), toCbor('records'), arrayOf(batchOf), ...records],
      ...[toCbor('ledgerId'), toCbor(ledgerId), toCbor('remaining'), toCbor(readings - number)],
    ]
    batches.push(new Uint8Array(Buffer.concat(parts)))
  }
  return { ied, publicKey: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })), batches }
}

process.on('disconnect', () => process.exit(0))
process.on('message', (wanted: MeterWanted) => process.send?.(meter(wanted)))
