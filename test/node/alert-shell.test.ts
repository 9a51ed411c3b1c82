// Alerts of one agent and of those that it collects from, over a restart.

import { describe, expect, it } from 'vitest'
import { type MemoryDisk, memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { alertOfRecord } from '../../src/node/alert-record.ts'
import { startAlerts } from '../../src/node/alert-shell.ts'
import { type Acted, bus, type ComponentContext, type Report } from '../../src/node/component.ts'
import { toCbor } from '../../topology/cbor.ts'
import { instant, utcMs } from '../../topology/units.ts'

const nothing = (): void => {}
let epoch = 0

async function peer(name: string, disk: MemoryDisk = memoryDisk()) {
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  const notices: string[] = []
  const records: Record<string, unknown>[] = []
  let sent = 0
  const wakes: { at: number; run: () => void }[] = []
  inside.on('alert', ({ notice, alert }) => notices.push(`${notice} ${alert.ied} ${alert.kind}`))
  inside.on('send-data', () => sent++)
  const store = openMemoryStore(disk)
  const context = {
    name,
    epoch: ++epoch,
    store,
    bus: inside,
    config: { alerts: { routes: [], severities: { quiet: 'none' } } },
    credential: { organisation: 'u' },
    clock: {
      now: () => instant(0),
      utc: () => utcMs(1_800_000_000_000),
      wakeAt: (at: number, run: () => void) => {
        wakes.push({ at, run })
        return nothing
      },
    },
    log: { warn: nothing },
    listing: nothing,
  } as unknown as ComponentContext
  const alerts = await startAlerts(context, content => records.push(content))
  return {
    disk,
    notices,
    records,
    sent: () => sent,
    hear: (event: string, fields: object = {}) => alerts.hear({ event, atMs: 0, ...fields } as Report),
    wake(at: number) {
      for (const wake of wakes) if (wake.at === at) wake.run()
    },
    stored: (ied: string, content: object) => inside.emit('stored', { ied, records: [record(ied, content)] }),
    acknowledge: (id: string) =>
      new Promise<Acted>(resolve =>
        inside.emit('acknowledge', { id, by: 'ada of u', answer: outcome => void outcome.then(resolve) }),
      ),
    async stop() {
      await alerts.stop()
      await store.close()
    },
  }
}
const record = (ied: string, content: object) =>
  ({ header: { ied, class: 'event' }, body: { content: toCbor(content) } }) as never

describe('alerts of a peer', () => {
  it('are raised once, sent on at once, cleared, and acknowledged by their id', async () => {
    const ied = await peer('R')
    const raised = ied.hear('device-silent', { reason: 'timeout' })
    expect(raised).toMatchObject({ notice: 'raised', severity: 'alarm', phase: 'standing' })
    expect(ied.hear('device-silent')).toBe('counted')
    ied.wake(200)
    expect(ied.sent()).toBe(1)
    expect(ied.hear('quiet')).toBeUndefined()
    ied.hear('device-answering')
    const { id } = raised as { id: string }
    expect(await ied.acknowledge(id)).toMatchObject({ result: 'done' })
    expect(await ied.acknowledge('R/1/99')).toMatchObject({ result: 'refused', reason: 'bad-value' })
    expect(ied.notices).toEqual(['raised R device-silent', 'cleared R device-silent', 'acknowledged R device-silent'])
    expect(ied.records.map(({ alert }) => (alert as { notice: string }).notice)).toEqual(['cleared', 'acknowledged'])
    await ied.stop()
  })

  it('outlive a restart: seen or not, and what nobody says again is over after a minute', async () => {
    const before = await peer('R')
    const seen = before.hear('alarm', { alarm: 'operation-failed', operation: 'open' }) as { id: string }
    before.hear('device-silent')
    await before.acknowledge(seen.id)
    await before.stop()
    const ied = await peer('R', before.disk)
    expect(await ied.acknowledge(seen.id)).toMatchObject({ words: 'ada of u has acknowledged it already' })
    ied.wake(60_000)
    expect(ied.notices).toEqual(['cleared R device-silent'])
    await ied.stop()
  })

  it('of others come with their records, and are theirs to acknowledge', async () => {
    const ied = await peer('R')
    const backEnd = await peer('B')
    const raised = ied.hear('tripped', { device: 'R2' }) as { id: string }
    backEnd.stored('R', { event: 'tripped', device: 'R2', alert: raised })
    expect(backEnd.notices).toEqual(['raised R tripped'])
    expect(await backEnd.acknowledge(raised.id)).toMatchObject({
      result: 'refused',
      words: `${raised.id} is R's: order it of that IED`,
    })
    await ied.acknowledge(raised.id)
    backEnd.stored('R', ied.records[0] as object)
    expect(backEnd.notices).toEqual(['raised R tripped', 'acknowledged R tripped'])
    expect(backEnd.records).toEqual([])
    await Promise.all([ied.stop(), backEnd.stop()])
  })

  it('are not believed of another IED than the one whose record it is, nor when malformed', async () => {
    const ied = await peer('R')
    const alert = ied.hear('tripped', { device: 'R2' }) as object
    expect(alertOfRecord(record('R', { alert }))).toBeDefined()
    expect(alertOfRecord(record('liar', { alert }))).toBeUndefined()
    for (const broken of [
      { ...alert, id: 'R' },
      { ...alert, severity: 'worst' },
      { ...alert, text: 'x'.repeat(401) },
      7,
      null,
    ]) {
      expect(alertOfRecord(record('R', { alert: broken }))).toBeUndefined()
    }
    await ied.stop()
  })
})
