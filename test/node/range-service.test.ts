// Who may ask an IED for a range, and how a question is passed on to an IED that the back end does not reach.

import { describe, expect, it } from 'vitest'
import { agentsFeeder } from '../../bench/agents-feeder.ts'
import { chanceFrom } from '../../bench/chance.ts'
import { groupsOf } from '../../src/aggregation/groups.ts'
import { type RangeAsk, rangeAnswerCodec, rangeAskCodec } from '../../src/aggregation/range.ts'
import { serveRanges } from '../../src/node/range-service.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { utcMs } from '../../topology/units.ts'

const feeder = createFeeder(agentsFeeder(40, chanceFrom(7)))
const groups = groupsOf(feeder)
const all = feeder.file.ieds.map(({ name }) => name)
const [lead = '', member = '', third = ''] = all.filter(name => groups.of(name) === groups.of(all[0] as string))
const [top = ''] = all.filter(name => groups.of(name) !== groups.of(lead))

const credential = (name: string, roles: string[]) => ({ name, roles, organisation: 'utility' })
const backEnd = credential('BE1', ['BACKEND'])
const stranger = credential('BE2', ['BACKEND'])
const ied = (name: string) => credential(name, ['IED'])

type Serve = (from: never, bytes: Uint8Array) => Promise<Uint8Array>

/** IEDs that reach each other; the aggregator of their group is `lead`, that of the feeder `top`. */
function mesh() {
  const served = new Map<string, Serve>()
  const passed: string[] = []
  for (const name of [lead, member, third, top]) {
    const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    const context = {
      name,
      feeder,
      sharing: { backEnds: () => [] },
      log: quiet,
      links: { serve: (_: string, serve: Serve) => void served.set(name, serve) },
    }
    serveRanges(context as never, {
      source: { range: async (ask: RangeAsk) => ({ kind: ask.ied === name ? 'later' : 'wrong' }) } as never,
      groups,
      elections: {
        group: { isAggregator: () => name === lead || name === top } as never,
        feederAggregator: () => (name === lead || name === top ? top : undefined),
        candidates: () => (name === lead || name === top ? [top, lead] : []),
        stop: () => {},
      },
      mayPull(from) {
        if (from.name !== lead) throw new Error(`${from.name} does not aggregate for ${name}`)
      },
      request: async (to, _fits, _protocol, question) => {
        passed.push(`${name} > ${to}`)
        return (served.get(to) as Serve)(ied(name) as never, question)
      },
    })
  }
  return {
    passed,
    async ask(at: string, from: object, about: string): Promise<string> {
      const question: RangeAsk = {
        ied: about,
        recipient: { backEnd: 'BE1', organisation: 'utility' },
        range: { fromUtcMs: utcMs(0), toUtcMs: utcMs(1), classes: ['billing'] },
        after: 0,
        have: 0,
        want: { records: 10, bytes: 1000 },
        outcomes: [],
      }
      const answer = await (served.get(at) as Serve)(from as never, rangeAskCodec.encode(question))
      return rangeAnswerCodec.decode(answer).kind
    },
  }
}

describe('a question for a range', () => {
  it('is answered to the back end that it is for, straight', async () => {
    const { ask, passed } = mesh()
    expect(await ask(member, backEnd, member)).toBe('later')
    expect(passed).toEqual([])
  })

  it('is passed on by the aggregator of the group', async () => {
    const { ask, passed } = mesh()
    expect(await ask(lead, backEnd, member)).toBe('later')
    expect(passed).toEqual([`${lead} > ${member}`])
  })

  it('is passed on by that of the feeder, through that of the group', async () => {
    const { ask, passed } = mesh()
    expect(await ask(top, backEnd, member)).toBe('later')
    expect(passed).toEqual([`${top} > ${lead}`, `${lead} > ${member}`])
  })

  it.each([
    ['for somebody else', lead, stranger, member, /ask for yourself/],
    ['by an IED that aggregates nothing', lead, ied(third), member, /ask for yourself/],
    ['at an IED that is not asked for', member, stranger, member, /does not aggregate/],
    ['through an IED that does not aggregate', third, backEnd, member, /does not aggregate for/],
    ['about nobody', lead, backEnd, 'nobody', /no IED nobody/],
    ['up again, from an aggregator', lead, ied(top), top, /does not aggregate for/],
  ])('is not answered when it is put %s', async (_, at, from, about, said) => {
    const { ask, passed } = mesh()
    await expect(ask(at, from, about)).rejects.toThrow(said)
    expect(passed).toEqual([])
  })
})
