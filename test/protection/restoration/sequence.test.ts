// The sequence of a tie TR that leads, as scripts. What has been gathered is a letter, and the decision about it:
//
//   n  nothing is dark      w  wait      W  wait: another device, T2, is to close
//   g  go, with SW still to open          G  go, with nothing left to open
//   s  as g, with the load pump to be shed before

import { describe, expect, it } from 'vitest'
import { GRANT_LIFETIME, idleSequence, restorationSequence } from '../../../src/protection/restoration/sequence.ts'
import type {
  Decision,
  Gathered,
  SequenceAction,
  SequenceEvent,
  SequenceState,
} from '../../../src/protection/restoration/sequence-types.ts'
import { duration } from '../../../topology/units.ts'
import { play } from '../script.ts'

const go = (...opens: string[]): Decision => ({
  kind: 'go',
  sheds: [],
  opens,
  grants: ['SW', 'TR'],
  feeds: ['n3'],
  suspect: ['n2'],
})
const decisions: Readonly<Record<string, Decision>> = {
  n: { kind: 'nothing', why: 'all is live' },
  w: { kind: 'wait', why: 'a recloser is at work' },
  W: { kind: 'wait', why: 'T2 is to feed it', leader: 'T2' },
  g: go('SW'),
  G: go(),
  s: { ...go('SW'), sheds: ['pump'] } as Decision,
}

/** What was told is only a mark of which decision comes of it. */
const told = (letter: string): Gathered => new Map([[letter, {} as never]])
const failedSeen: string[] = []
const loadsSeen: string[] = []
const step = restorationSequence({
  device: 'TR',
  incidentPrefix: 'tie/1',
  patience: duration(500),
  decide({ facts, failed, shed, notShed }) {
    loadsSeen.push([...shed].map(load => `${load} off`).join() + [...notShed].map(load => `${load} stays`).join())
    failedSeen.push([...failed].map(([device, why]) => `${device} ${why}`).join())
    return decisions[[...facts.keys()][0] ?? 'n'] as Decision
  },
})

function eventOf([word, round = '', ...rest]: readonly string[]): SequenceEvent {
  const of = Number(round)
  switch (word) {
    case 'told':
      return { kind: 'gathered', round: of, facts: told(rest[0] ?? 'n') }
    case 'granted':
      return {
        kind: 'reserved',
        round: of,
        results: new Map([
          ['SW', { fence: 4 }],
          ['TR', { fence: 9 }],
        ]),
      }
    case 'refused':
      return {
        kind: 'reserved',
        round: of,
        results: new Map([
          ['SW', { refused: 'taken' }],
          ['TR', { fence: 9 }],
        ]),
      }
    case 'opened':
      return { kind: 'opened', round: of, results: new Map([['SW', { travelMs: 50 }]]) }
    case 'stuck':
      return { kind: 'opened', round: of, results: new Map([['SW', { failed: 'stuck' }]]) }
    case 'shed':
      return { kind: 'shed', round: of, results: new Map([['pump', { travelMs: 20 }]]) }
    case 'not-shed':
      return { kind: 'shed', round: of, results: new Map([['pump', { failed: 'a person keeps it on' }]]) }
    case 'closed':
    case 'not-tried':
    case 'failed':
    case 'unknown':
      return { kind: 'closed', result: word === 'closed' ? 'done' : word, why: 'because', travelMs: 40 }
    case 'over':
      return { kind: 'over', why: 'both sides are live' }
    default:
      return { kind: word as 'dark' | 'news' | 'tick' }
  }
}

function write(action: SequenceAction): string {
  switch (action.kind) {
    case 'gather':
      return `ask${action.round}`
    case 'reserve':
      return `reserve${action.round}:${action.devices.join('+')}`
    case 'open':
      return `open${action.round}:${action.devices.map(({ device, fence }) => `${device}#${fence}`).join('+')}`
    case 'shed':
      return `shed${action.round}:${action.loads.join('+')}`
    case 'close':
      return `close#${action.fence}<${action.before}`
    case 'release':
      return `release:${[...action.devices].map(([device, fence]) => `${device}#${fence}`).join('+')}`
    case 'report':
      return action.event === 'alarm' ? `alarm:${action.fields['alarm']}` : `(${action.event})`
    case 'wake':
      return ''
  }
}

const run = (script: string): string =>
  play<SequenceState, SequenceEvent, SequenceAction>(step, idleSequence, script, eventOf, write)
    .replace(/ +/g, ' ')
    .trim()

const ALL = 'dark@0 told:1:g@10 granted:2@20 opened:3@80 told:4:G@90'
const DID = 'ask1 (restoration-begins) reserve2:SW+TR open3:SW#4 (isolated) ask4 (restoration-closes) close#9<9010'

const SHEDS = 'ask1 (restoration-begins) reserve2:SW+TR shed3:pump'

const cases = [
  {
    it: 'has loads shed under its grants before anything opens, and asks again once they are off',
    given: 'dark@0 told:1:s@10 granted:2@20 shed:3@50 told:4:g@60 opened:5@120 told:6:G@130',
    does: `${SHEDS} (loads-shed) ask4 open5:SW#4 (isolated) ask6 (restoration-closes) close#9<9010`,
  },
  {
    it: 'looks for what can be fed without, when a load stays on',
    given: 'dark@0 told:1:s@10 granted:2@20 not-shed:3@50 told:4:w@60',
    does: `${SHEDS} alarm:shedding-failed ask4 release:SW#4+TR#9 (restoration-waits)`,
  },
  {
    it: 'does not take a late word of a load for one of this round',
    given: 'dark@0 told:1:s@10 granted:2@20 shed:2@50',
    does: SHEDS,
  },
  { it: 'asks, reserves, opens, asks again and closes', given: ALL, does: DID },
  {
    it: 'releases everybody once it has closed',
    given: `${ALL} closed@140`,
    does: `${DID} (restored) release:SW#4+TR#9`,
  },
  {
    it: 'asks once more before it closes when nothing had to open',
    given: 'dark@0 told:1:G@10 granted:2@20 told:3:G@30',
    does: 'ask1 (restoration-begins) reserve2:SW+TR ask3 (restoration-closes) close#9<9010',
  },
  {
    it: 'closes nothing when what it was told has changed since',
    given: 'dark@0 told:1:G@10 granted:2@20 told:3:w@30',
    does: 'ask1 (restoration-begins) reserve2:SW+TR ask3 release:SW#4+TR#9 (restoration-waits)',
  },
  {
    it: 'lets go of everything when one refuses, and comes again',
    given: 'dark@0 told:1:g@10 refused:2@20 tick@519 tick@520',
    does: 'ask1 (restoration-begins) reserve2:SW+TR release:TR#9 (restoration-waits) ask3',
  },
  {
    it: 'looks again each second while it has to wait, and says why once',
    given: 'dark@0 told:1:w@10 tick@1009 tick@1010 told:2:w@1020 tick@2020',
    does: 'ask1 (restoration-waits) ask2 ask3',
  },
  { it: 'looks at once on news', given: 'dark@0 told:1:w@10 news@20', does: 'ask1 (restoration-waits) ask2' },
  {
    it: 'does not act on an answer to an earlier question',
    given: 'dark@0 told:1:w@10 news@20 told:1:g@30',
    does: 'ask1 (restoration-waits) ask2',
  },
  {
    it: 'reserves anew what would end before it could be relied on',
    given: 'dark@0 told:1:g@10 granted:2@20 opened:3@5990 told:4:G@6010',
    does: 'ask1 (restoration-begins) reserve2:SW+TR open3:SW#4 (isolated) ask4 reserve5:SW+TR',
  },
  {
    it: 'plans anew without a device that did not open',
    given: 'dark@0 told:1:g@10 granted:2@20 stuck:3@80 told:4:w@90',
    does: 'ask1 (restoration-begins) reserve2:SW+TR open3:SW#4 alarm:isolation-failed ask4 release:SW#4+TR#9 (restoration-waits)',
  },
  {
    it: 'stops after a closing that failed',
    given: `${ALL} failed@140 dark@150 tick@5000`,
    does: `${DID} alarm:restoration-stopped release:SW#4+TR#9`,
  },
  {
    it: 'keeps all grants after a closing of which nobody knows',
    given: `${ALL} unknown@140 dark@150`,
    does: `${DID} alarm:restoration-stopped`,
  },
  {
    it: 'looks again when the last check held the closing back',
    given: `${ALL} not-tried@140 tick@1140`,
    does: `${DID} release:SW#4+TR#9 (restoration-waits) ask5`,
  },
  {
    it: 'lets go when voltage comes back by itself',
    given: 'dark@0 told:1:g@10 granted:2@20 over@30 opened:3@80',
    does: 'ask1 (restoration-begins) reserve2:SW+TR open3:SW#4 (restoration-over) release:SW#4+TR#9',
  },
  {
    it: 'is not held up by voltage while it closes',
    given: `${ALL} over@100 closed@140`,
    does: `${DID} (restored) release:SW#4+TR#9`,
  },
  {
    it: 'ends when nobody says what became of a step',
    given: 'dark@0 tick@14999 tick@15000 told:1:g@15001',
    does: 'ask1 alarm:restoration-stopped',
  },
  { it: 'leads a new incident after the one that is over', given: 'dark@0 over@10 dark@20', does: 'ask1 ask2' },
]

describe('the restoration sequence', () => {
  for (const { it: what, given, does } of cases) it(what, () => expect(run(given)).toBe(does))

  it('takes over from a tie that has not acted within eight seconds', () => {
    failedSeen.length = 0
    run('dark@0 told:1:W@10 tick@1010 told:2:W@8009 tick@9009 told:3:W@9010 tick@10010 told:4:G@10020')
    expect(failedSeen).toEqual(['', '', '', 'T2 it has not acted'])
  })

  it('relies on no grant longer than it was asked for, counted from before it was asked', () => {
    const [last] = run(ALL).match(/<\d+$/) ?? []
    expect(last).toBe(`<${10 + GRANT_LIFETIME - 1000}`)
  })
})
