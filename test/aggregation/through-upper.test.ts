import { describe, expect, it } from 'vitest'
import type { Batch, Outcome } from '../../src/aggregation/delivery.ts'
import { throughUpper } from '../../src/aggregation/through-upper.ts'
import { UPPER_PAUSE } from '../../src/aggregation/upper-way.ts'
import { instant } from '../../topology/units.ts'
import { batch as sample, receipt as signed } from '../wire/messages.ts'

const to = { backEnd: 'BE1', organisation: 'utility' }
const batch: Batch = sample
const receipt = { ...signed, ...to, ied: batch.ied, ledgerId: batch.ledgerId }
const refusal: Outcome = {
  kind: 'refusal',
  reason: 'gap',
  ...to,
  ied: batch.ied,
  ledgerId: batch.ledgerId,
  haveUpTo: 0,
  chainHash: receipt.chainHash,
}

function delivering(answers: {
  through?: Outcome
  straight?: Outcome
  isGenuine?: boolean
  above?: string | undefined
}) {
  const asked: string[] = []
  const clock = { now: 0 }
  const answer = (way: 'through' | 'straight') => async () => {
    asked.push(way)
    const said = answers[way]
    if (said === undefined) throw new Error(`no answer ${way}`)
    return said
  }
  const { deliver } = throughUpper({
    above: () => ('above' in answers ? answers.above : 'R1'),
    through: answer('through'),
    straight: answer('straight'),
    isGenuine: () => answers.isGenuine ?? true,
    now: () => instant(clock.now),
  })
  return { asked, clock, deliver: () => deliver(to, batch) }
}

describe('delivery on a large feeder', () => {
  it('goes through its aggregator, again and again', async () => {
    const { deliver, asked } = delivering({ through: receipt })
    expect([await deliver(), await deliver()]).toEqual([receipt, receipt])
    expect(asked).toEqual(['through', 'through'])
  })
  it('goes straight where there is none, or it is this IED', async () => {
    const { deliver, asked } = delivering({ above: undefined, straight: receipt })
    expect(await deliver()).toBe(receipt)
    expect(asked).toEqual(['straight'])
  })
  it.each([
    ['fails', { straight: receipt }],
    ['is forged', { through: receipt, isGenuine: false, straight: receipt }],
    ['is for another ledger', { through: { ...receipt, ied: 'another' }, straight: receipt }],
    ['is for another back end', { through: { ...receipt, backEnd: 'BE2' }, straight: receipt }],
    ['is a refusal that the back end knows nothing of', { through: refusal, straight: receipt }],
  ])('goes straight at once, and for the pause, when what comes through %s', async (_, answers) => {
    const { deliver, asked, clock } = delivering(answers)
    expect(await deliver()).toBe(receipt)
    clock.now = UPPER_PAUSE - 1
    await deliver()
    expect(asked).toEqual(['through', 'straight', 'straight'])
    clock.now = UPPER_PAUSE
    await deliver()
    expect(asked.at(3)).toBe('through')
  })
  it('takes a refusal that the back end confirms, and goes on through', async () => {
    const { deliver, asked } = delivering({ through: refusal, straight: { ...refusal } })
    expect(await deliver()).toEqual(refusal)
    await deliver()
    expect(asked).toEqual(['through', 'straight', 'through', 'straight'])
  })
  it('takes a refusal where the feeder’s aggregator alone reaches the back end', async () => {
    expect(await delivering({ through: refusal }).deliver()).toBe(refusal)
  })
  it('fails where neither way is answered', async () => {
    await expect(delivering({}).deliver()).rejects.toThrow('no answer straight')
  })
})
