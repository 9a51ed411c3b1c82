import { describe, expect, it } from 'vitest'
import { type GaspState, gaspDefaults, lastGasp, powered } from '../../../src/aggregation/reliability/last-gasp.ts'
import { type Known, outageExtents, type Sign } from '../../../src/aggregation/reliability/outage-extent.ts'

/** `fail@0 tick@1040 …` to what was said: `lost:1@1040`. Each failure draws half of the jitter. */
function play(script: string): string {
  const step = lastGasp(gaspDefaults)
  let state: GaspState = powered
  const said: string[] = []
  for (const word of script.split(' ')) {
    const [what, at = '0'] = word.split('@')
    const event =
      what === 'tick' ? ({ kind: 'tick' } as const) : ({ kind: 'power', failed: what === 'fail', share: 0.5 } as const)
    const next = step(state, event, Number(at))
    state = next.state
    for (const action of next.actions) {
      if (action.kind === 'say') said.push(`${action.what}${action.what === 'lost' ? `:${action.copy}` : ''}@${at}`)
    }
  }
  return said.join(' ')
}

describe('the last gasp', () => {
  it.each([
    ['is said once the failure has stood for its time and jitter', 'fail@0 tick@1039 tick@1040', 'lost:1@1040'],
    ['is not said for a dip', 'fail@0 good@999 tick@1040 tick@2000', ''],
    ['begins anew after a dip', 'fail@0 good@500 fail@600 tick@1040 tick@1640', 'lost:1@1640'],
    [
      'is said again, a few times',
      'fail@0 tick@1040 tick@1440 tick@2540 tick@9000 tick@9100',
      'lost:1@1040 lost:2@1440 lost:3@2540 lost:4@9000',
    ],
    [
      'is followed by the return, once that stands',
      'fail@0 tick@1040 good@5000 tick@6000 tick@6040',
      'lost:1@1040 returned@6040',
    ],
    [
      'does not say a return that does not stand',
      'fail@0 tick@1040 good@5000 fail@5500 tick@6040',
      'lost:1@1040 lost:2@6040',
    ],
    ['is not said twice by a doubled failure or tick', 'fail@0 fail@500 tick@1040 tick@1040', 'lost:1@1040'],
  ])('%s', (_, script, then) => expect(play(script)).toBe(then))
})

const signs = { L: 'lost', s: 'silent', v: 'live', '?': 'unknown' } as const
/** `R:v A<R:L`: R lives, and A below it gasped. */
const known = (script: string): Known[] =>
  script.split(' ').map(word => {
    const [place = '', sign = '?'] = word.split(':')
    const [ied = '', parent] = place.split('<')
    return { ied, parent, sign: signs[sign as keyof typeof signs] satisfies Sign, since: 5 }
  })

describe("an outage's extent", () => {
  it('lies between the topmost without supply and the first above that lives', () => {
    expect(outageExtents(known('R:v A<R:L B<A:L C<A:s D<R:v'))).toMatchObject([
      { top: 'A', above: 'R', gasped: ['A', 'B'], silent: ['C'], contradicting: [] },
    ])
  })
  it('is found though most gasps are lost', () => {
    const [one] = outageExtents(known('R:v A<R:s B<A:L C<A:s D<A:s'))
    expect(one).toMatchObject({ top: 'A', above: 'R', gasped: ['B'], silent: ['A', 'C', 'D'] })
    expect(one?.confidence).toBeGreaterThan(0.99)
  })
  it('is the one IED alone when its sister lives', () => {
    expect(outageExtents(known('R:v A<R:s B<A:L C<A:v'))).toMatchObject([{ top: 'B', above: 'A' }])
  })
  it('follows from the silence of several, not of one or two', () => {
    expect(outageExtents(known('R:v A<R:s B<R:v'))).toEqual([])
    expect(outageExtents(known('R:v A<R:s B<A:s'))).toEqual([])
    expect(outageExtents(known('R:v A<R:s B<A:s C<A:s'))).toMatchObject([{ top: 'A', above: 'R', gasped: [] }])
  })
  it('is the source when nobody above lives', () => {
    expect(outageExtents(known('R:L A<R:L'))).toMatchObject([{ top: 'R', above: undefined }])
  })
  it('is doubted when somebody below lives', () => {
    const [sure] = outageExtents(known('R:v A<R:L B<A:L'))
    const [doubted] = outageExtents(known('R:v A<R:L B<A:v'))
    expect(doubted?.contradicting).toEqual(['B'])
    expect(doubted?.confidence).toBeLessThan((sure?.confidence ?? 0) * 0.7)
  })
  it('tells two places apart', () => {
    expect(outageExtents(known('R:v A<R:L B<R:L')).map(({ top }) => top)).toEqual(['A', 'B'])
  })
  it('ends in a circle of parents', () => expect(outageExtents(known('A<B:L B<A:L'))).toEqual([]))
})
