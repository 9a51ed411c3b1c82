// What an agent does about trust, over links in memory: alarms and audit entries, bounded under a flood.

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createScheduler } from '../../sim/runtime/scheduler.ts'
import { newLife, virtualMachineClock } from '../../sim/runtime/virtual-clock.ts'
import { openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { newAuthority } from '../../src/mesh/credential.ts'
import type { AdmissionDecision, Links } from '../../src/mesh/links.ts'
import type { Messenger } from '../../src/mesh/messenger.ts'
import { verifyRevocation } from '../../src/mesh/revocation.ts'
import { revocationList } from '../../src/mesh/revocation-list.ts'
import { auditLimit } from '../../src/node/audit-limit.ts'
import { changedFile } from '../../src/node/changed-file.ts'
import type { AuditEntry } from '../../src/node/component.ts'
import { startTrust } from '../../src/node/trust.ts'
import { instant, utcMs } from '../../topology/units.ts'
import { NOW, person } from '../mesh/fixtures.ts'
import { memoryMesh } from '../mesh/memory-links.ts'
import { trust as trusting } from '../mesh/real-links.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const utility = await newAuthority('utility')

async function trust(checkSeconds = 5) {
  const scheduler = createScheduler()
  const clock = virtualMachineClock(scheduler, NOW, {}).clockOf(newLife())
  const { credential } = await person(utility, 'a')
  let decide: (decision: AdmissionDecision) => void = () => {}
  const links: Links = {
    ...memoryMesh().join(credential),
    onDecision: listener => {
      decide = listener
    },
  }
  const said: string[] = []
  const refusedMessages = new Map<string, number>()
  const messenger = {
    on: () => {},
    renew: () => {},
    refusals: () => refusedMessages,
    say: ({ type }: { type: string }) => said.push(type),
  } as unknown as Messenger
  const audited: AuditEntry[] = []
  const reports: Record<string, unknown>[] = []
  const list = revocationList()
  const brought: string[] = []
  const made = startTrust({
    ...{ links, messenger, list, clock, credential, checkSeconds, log: silent, store: openMemoryStore() },
    ...{ topic: 'feedermesh/1/f/revocations', alarmDays: 0 },
    byHand: { credential: async () => undefined, revocations: async () => brought.splice(0) },
    checkRevocation: token => verifyRevocation(token, [trusting(utility)], clock.utc()),
    report: (event, fields) => void reports.push({ event, ...fields }),
    audit: entry => void audited.push(entry),
  })
  const decision = (changes: Partial<AdmissionDecision> = {}): void =>
    decide({
      ...{ peerId: 'p', name: undefined, organisation: undefined, admitted: false, atMs: 0 },
      ...{ reason: 'credential has expired', words: 'credential has expired' },
      ...changes,
    })
  return {
    made,
    decision,
    audited,
    reports,
    said,
    refusedMessages,
    brought,
    list,
    credential,
    scheduler,
    until: (ms: number) => scheduler.runUntil(ms),
  }
}

describe('trust', () => {
  it('has admissions and refusals in the audit log, those before anybody listened too', async () => {
    const { made, decision, audited } = await trust()
    decision({ admitted: true, reason: undefined, words: 'admitted', name: 'b', organisation: 'utility' })
    expect(audited).toEqual([])
    made.listenersAreUp()
    decision()
    expect(audited).toEqual([
      { kind: 'admission', subject: 'b of utility (p)', allowed: true, words: 'admitted' },
      { kind: 'admission', subject: 'p', allowed: false, words: 'credential has expired' },
    ])
  })

  it('counts a flood of strangers instead of writing each down, and loses none of another kind meanwhile', async () => {
    const { made, decision, audited, until } = await trust()
    made.listenersAreUp()
    for (let index = 0; index < 5000; index++) decision({ peerId: `p${index}` })
    decision({ reason: 'shows no credential', words: 'shows no credential' })
    expect(audited).toHaveLength(21)
    await until(65_000)
    expect(audited.slice(21)).toEqual([
      { kind: 'admission', subject: 'several', allowed: false, words: '4980 more: credential has expired' },
    ])
    decision()
    expect(audited).toHaveLength(23)
  })

  it('says that messages were refused for want of a right, at once and then each hour, and not those that were only late', async () => {
    const { made, refusedMessages, audited, until } = await trust()
    made.listenersAreUp()
    refusedMessages.set('expired', 7).set('old', 3).set('organisation', 1)
    await until(10_000)
    refusedMessages.set('organisation', 500).set('role', 2)
    await until(20_000)
    const row = (words: string) => ({ kind: 'role-use', subject: 'several', allowed: false, words })
    expect(audited).toEqual([row('messages refused: 1, organisation'), row('messages refused: 2, role')])
    await until(3_599_000)
    expect(audited).toHaveLength(2)
    await until(3_620_000)
    expect(audited.slice(2)).toEqual([row('messages refused: 499, organisation')])
    await until(2 * 3_620_000)
    expect(audited).toHaveLength(3)
  })

  it('writes what a stranger says of itself without what would move a cursor', async () => {
    const { made, decision, audited } = await trust()
    made.listenersAreUp()
    decision({ name: 'x\u001b[2J', organisation: 'y' })
    expect(audited[0]?.subject).toBe('x [2J of y (p)')
  })

  it('raises an alarm for its own key elsewhere, and for two keys of one name: once an hour', async () => {
    const { made, decision, reports, audited, until } = await trust()
    made.listenersAreUp()
    const twice = { reason: 'this is our own key, running twice', words: 'our own key answers at /ip4/192.0.2.1/tcp/1' }
    const [one, other] = [(await person(utility, 'b')).credential, (await person(utility, 'b')).credential]
    for (let times = 0; times < 3; times++) {
      decision(twice)
      made.rival(one, other)
      made.rival(other, one)
    }
    const alarms = () => reports.filter(({ event }) => event === 'alarm').map(({ alarm }) => alarm)
    expect(alarms()).toEqual(['key-runs-twice', 'two-credentials'])
    expect(audited.some(({ kind, words }) => kind === 'credential' && words.startsWith('two live'))).toBe(true)
    await until(3_600_000)
    decision(twice)
    expect(alarms()).toEqual(['key-runs-twice', 'two-credentials', 'key-runs-twice'])
  })

  it('takes revocations by hand, publishes them, and says loudly when it is its own', async () => {
    const { made, brought, reports, said, audited, list, credential, until } = await trust()
    made.listenersAreUp()
    const revoke = (peerId: string) => utility.revoke({ peerId, reason: 'lost', at: NOW, until: utcMs(NOW + 1e8) })
    const forged = await (await newAuthority('utility')).revoke({
      peerId: 'q',
      reason: '',
      at: NOW,
      until: utcMs(NOW + 1e8),
    })
    brought.push(forged, await revoke('q'), await revoke(credential.peerId))
    await until(5000)
    // Signatures are checked off the thread.
    for (let turn = 0; turn < 200 && said.length < 2; turn++) {
      await new Promise(resolve => setTimeout(resolve, 5))
      await until(5000 + turn)
    }
    expect(said).toEqual(['revocation', 'revocation'])
    expect(list.all()).toHaveLength(2)
    expect(reports.filter(({ alarm }) => alarm === 'own-credential-revoked')).toHaveLength(1)
    expect(audited.filter(({ kind }) => kind === 'revocation').map(({ allowed }) => allowed)).toEqual([
      false,
      true,
      true,
    ])
  })
})

describe('the limit of audit entries', () => {
  it('lets so many a minute through, of each kind, and tells of the rest once', () => {
    const limit = auditLimit(2)
    const pass = (key: string, ms: number) => limit.pass(key, instant(ms))
    expect([pass('a', 0), pass('a', 1), pass('a', 59_999), pass('b', 2)]).toEqual([true, true, false, true])
    expect(limit.held(instant(59_999))).toEqual([])
    expect(limit.held(instant(60_000))).toEqual([{ key: 'a', count: 1 }])
    expect(limit.held(instant(60_000))).toEqual([])
    expect(pass('a', 60_001)).toBe(true)
  })
})

describe('a file that changes', () => {
  it('is read once it has been left alone, once a change, replaced or written over', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'feedermesh-file-'))
    const file = join(dir, 'f')
    const look = changedFile(file, 100)
    try {
      expect(await look()).toBeUndefined()
      await writeFile(file, 'half')
      expect(await look()).toBeUndefined()
      await writeFile(file, 'whole one')
      expect(await look()).toBeUndefined()
      expect(await look()).toBe('whole one')
      expect(await look()).toBeUndefined()
      await writeFile(join(dir, 'g'), 'whole two')
      await rename(join(dir, 'g'), file)
      expect([await look(), await look()]).toEqual([undefined, 'whole two'])
      await writeFile(file, 'x'.repeat(101))
      expect([await look(), await look()]).toEqual([undefined, undefined])
    } finally {
      await rm(dir, { recursive: true })
    }
  })
})
