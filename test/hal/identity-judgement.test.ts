import { describe, expect, it } from 'vitest'
import { configurationHash } from '../../src/hal/configuration-hash.ts'
import { changeWords, type IdentityEvent, judgeIdentity, neverRead } from '../../src/hal/identity-judgement.ts'
import type { DeviceIdentity } from '../../src/hal/port.ts'

const read = (identity: DeviceIdentity): IdentityEvent => ({ kind: 'read', identity })
const ACCEPT: IdentityEvent = { kind: 'accept' }
const OLD: DeviceIdentity = { model: 'X', serialNumber: '1', firmware: '1.0' }

/** What was done at each event. */
function played(...events: readonly IdentityEvent[]): string[] {
  let state = neverRead
  return events.map(event => {
    const next = judgeIdentity(state, event)
    state = next.state
    const done = next.actions.map(a => ('changes' in a ? `${a.kind}: ${changeWords(a.changes)}` : a.kind)).join(', ')
    return `${done}${state.changes.length > 0 ? ' (stands)' : ''}`
  })
}

describe('the identity of the metering device', () => {
  it('is learned once, and is no news after that', () => {
    expect(played(read(OLD), read(OLD), read(OLD))).toEqual(['learned', '', ''])
  })

  it('is nothing to say of a device that shows none', () => {
    expect(played(read({}), read({}))).toEqual(['', ''])
  })

  it('has changed with a swapped meter, is told once, and stands until accepted', () => {
    expect(played(read(OLD), read({ ...OLD, serialNumber: '2' }), read({ ...OLD, serialNumber: '2' }), ACCEPT)).toEqual(
      ['learned', 'changed: serialNumber 1 is now 2 (stands)', ' (stands)', 'accepted: serialNumber 1 is now 2'],
    )
  })

  it('is told again when it changes further', () => {
    expect(
      played(read(OLD), read({ ...OLD, firmware: '1.1' }), read({ ...OLD, firmware: '1.1', serialNumber: '2' })),
    ).toEqual([
      'learned',
      'changed: firmware 1.0 is now 1.1 (stands)',
      'changed: serialNumber 1 is now 2; firmware 1.0 is now 1.1 (stands)',
    ])
  })

  it('is restored when the accepted device is there again', () => {
    expect(played(read(OLD), read({ ...OLD, serialNumber: '2' }), read(OLD))).toEqual([
      'learned',
      'changed: serialNumber 1 is now 2 (stands)',
      'restored',
    ])
  })

  it('has changed when a field is not shown any more at two looks in a row', () => {
    const { serialNumber: _, ...less } = OLD
    expect(played(read(OLD), read(less), read(OLD), read(less), read(less))).toEqual([
      'learned',
      '',
      '',
      '',
      'changed: serialNumber 1 is now not shown (stands)',
    ])
  })

  it('keeps standing when a field is lacking for a moment', () => {
    const { model: _, ...less } = OLD
    expect(played(read(OLD), read({ ...OLD, serialNumber: '2' }), read({ ...less, serialNumber: '2' }))).toEqual([
      'learned',
      'changed: serialNumber 1 is now 2 (stands)',
      ' (stands)',
    ])
  })

  it('learns a field that is shown for the first time', () => {
    expect(
      played(read(OLD), read({ ...OLD, configurationHash: 'aa' }), read({ ...OLD, configurationHash: 'bb' })),
    ).toEqual(['learned', 'learned', 'changed: configurationHash aa is now bb (stands)'])
  })

  it('has nothing to accept while nothing changed', () => {
    expect(played(ACCEPT, read(OLD), ACCEPT)).toEqual(['', 'learned', ''])
  })
})

describe('the configuration hash', () => {
  const block = { unitId: 1, table: 'holding', address: 273, registers: [120, 180] }
  it('is of the registers, their place and their order', () => {
    const hash = configurationHash([block])
    expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(configurationHash([{ ...block }])).toBe(hash)
    for (const other of [
      { ...block, registers: [120, 181] },
      { ...block, registers: [180, 120] },
      { ...block, address: 274 },
      { ...block, unitId: 2 },
    ]) {
      expect(configurationHash([other])).not.toBe(hash)
    }
  })
})
