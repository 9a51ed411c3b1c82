// SIGKILL at any instant, under load: an agent that appends without a pause, on a real disk, and a back-end peer that
// collects from it. At the end whatever was acknowledged is in the ledger and at the back end, once and as it was, and there
// is one ledger without a gap. `npm run test:kills` does it 200 times.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkLedger } from '../../src/aggregation/ledger-check.ts'
import { verifyPeer } from '../../src/mesh/identity.ts'
import { outputs } from '../../src/node/cli/outputs.ts'
import { askReadout } from '../../src/node/readout-client.ts'
import { type FoundLedger, withStoredLedgers } from '../../src/node/stored-ledgers.ts'
import { random } from '../aggregation/random.ts'
import { MAIN } from './cli-process.ts'
import { pause } from './feeder-in-process.ts'
import { makeSite, type Site } from './site.ts'

const KILLS = Number(process.env.KILLS ?? 20)
const SEED = Number(process.env.KILL_SEED ?? 20_261_127)
const PORT = 20_000 + (process.pid % 10_000)

let site: Site
const alive = new Set<ReturnType<typeof spawn>>()
afterAll(async () => {
  for (const child of alive) child.kill('SIGKILL')
  await site?.remove()
})

function agent(config: string) {
  const child = spawn(process.execPath, [MAIN, 'agent', '--config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  alive.add(child)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    said = (said + text).slice(-4_000)
  })
  const ended = once(child, 'exit').then(([code, signal]) => {
    alive.delete(child)
    return { code, signal, said }
  })
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal)
    return ended
  }
  return { child, ended, end }
}

interface Kept {
  readonly verdict: Awaited<ReturnType<typeof checkLedger>>
  readonly ledgerId: string
  readonly commitments: ReadonlyMap<number, string>
}

async function lookAt({ head, isWhole, places, records }: FoundLedger): Promise<Kept> {
  const commitments = new Map<number, string>()
  async function* seen() {
    for await (const record of records()) {
      commitments.set(record.header.number, Buffer.from(record.header.commitment).toString('hex'))
      yield record
    }
  }
  const { peerId = '' } = head
  const verdict = await checkLedger(
    { ...head, head, isWhole, places },
    seen(),
    peerId === '' ? undefined : (bytes, signature) => verifyPeer(peerId, bytes, signature),
  )
  return { verdict, ledgerId: head.ledgerId, commitments }
}

describe('an agent under load', () => {
  it(
    `loses nothing that it acknowledged in ${KILLS} kills, and neither does its back end`,
    async () => {
      site = await makeSite()
      const acks = site.path('acks')
      const acknowledged = (): string[] => (existsSync(acks) ? readFileSync(acks, 'utf8').split('\n').slice(0, -1) : [])
      const backEndConfig = await site.agent('backend', {
        role: 'BACKEND',
        listen: [`/ip4/127.0.0.1/tcp/${PORT}`],
        components: ['collector'],
      })
      const meterConfig = await site.agent('meter', {
        seeds: [`/ip4/127.0.0.1/tcp/${PORT}`],
        recipients: [{ backEnd: 'backend', organisation: 'u' }],
        forwarding: { intervalSeconds: 0.2 },
        components: [
          'roll-up',
          'ledger-retention',
          { use: resolve('test/system/append-load.mjs'), settings: { file: acks } },
        ],
      })
      const chance = random(SEED)
      let backEnd = agent(backEndConfig)
      for (let kill = 0; kill < KILLS; kill++) {
        const before = acknowledged().length
        const meter = agent(meterConfig)
        const isEarly = chance() < 0.2 // while it starts: opening a ledger is no time to be careless either
        if (isEarly) await pause(chance() * 700)
        else {
          for (let waited = 0; acknowledged().length === before && waited < 30_000; waited += 20) await pause(20)
          await pause(chance() * 300)
        }
        const { signal, said } = await meter.end('SIGKILL')
        expect(signal, `before kill ${kill}, seed ${SEED}: ${said}`).toBe('SIGKILL') // it had not ended by itself
        if (chance() < 0.15) {
          await backEnd.end('SIGKILL')
          backEnd = agent(backEndConfig)
        }
      }

      const wanted = acknowledged()
      expect(wanted.length).toBeGreaterThan(KILLS)
      const numbers = wanted.map(line => Number(line.split(' ')[0]))
      expect(new Set(numbers).size, 'each number once').toBe(numbers.length)
      expect(numbers, 'in order').toEqual(numbers.toSorted((a, b) => a - b))

      const last = agent(meterConfig)
      const viewer = await site.viewer(site.authority)
      const collectedUpTo = async (): Promise<number> => {
        const answer = await askReadout(`/ip4/127.0.0.1/tcp/${PORT}`, viewer, 'ledger', {}).catch(() => undefined)
        return outputs.ledger.safeParse(answer).data?.ledgers[0]?.number ?? 0
      }
      for (let tries = 0; tries < 60 && (await collectedUpTo()) < Math.max(...numbers); tries++) await pause(500)
      await last.end('SIGTERM')
      await backEnd.end('SIGTERM')
      const collected = await withStoredLedgers(backEndConfig, async found =>
        Promise.all(found.filter(({ head }) => head.ied === 'meter').map(lookAt)),
      )
      const own = await withStoredLedgers(meterConfig, async found =>
        Promise.all(found.filter(({ isWhole }) => isWhole).map(lookAt)),
      )

      expect(own.map(({ verdict }) => verdict.faults)).toEqual([[]])
      expect(own[0]?.verdict.signature).toBe('genuine')
      expect(collected.map(({ verdict }) => verdict.faults)).toEqual([[]])
      expect(collected[0]?.ledgerId, 'one ledger').toBe(own[0]?.ledgerId)
      for (const [where, kept] of [
        ['ledger', own[0]],
        ['back end', collected[0]],
      ] as const) {
        const lost = wanted.filter(
          line => `${line.split(' ')[0]} ${kept?.commitments.get(Number(line.split(' ')[0]))}` !== line,
        )
        expect(lost, `acknowledged and not in the ${where}`).toEqual([])
      }
    },
    KILLS * 10_000 + 120_000,
  )
})
