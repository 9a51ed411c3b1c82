// Each invariant can fail: a world or an agent is broken on purpose, and the watch for it says so.

import { describe, expect, it } from 'vitest'
import type { Change } from '../../../src/aggregation/store.ts'
import type { AgentPorts } from '../../../src/node/run-agent.ts'
import { type BrokenRun, violationOf } from './broken-run.ts'

/** Only some changes reach the store. */
const losing = (isLost: (key: string) => boolean) => (ports: AgentPorts) => ({
  ...ports,
  store: {
    ...ports.store,
    batch: (changes: readonly Change[], options: { durable: boolean }) =>
      ports.store.batch(
        changes.filter(({ put = '' }) => !isLost(put)),
        options,
      ),
  },
})

/** Says that all is safe as soon as it is written. */
const hasty = (ports: AgentPorts): AgentPorts => ({
  ...ports,
  store: { ...ports.store, batch: changes => ports.store.batch(changes, { durable: false }) },
})

/** Does something of its own accord, once, when its device is asked for values so late. */
const atSecond = (second: number, act: (ports: AgentPorts) => void) => (ports: AgentPorts) => {
  ports.clock.wakeAt((second * 1000) as never, () => act(ports))
  return ports
}

const cases: (BrokenRun & { readonly it: string; readonly finds: string; readonly says?: RegExp })[] = [
  {
    it: 'no reading is lost: a back end whose index of readings loses entries',
    agent: 'utility-backend',
    breaks: losing(key => key.startsWith('collector/reading/meter-611/')),
    steps: [],
    forSeconds: 30,
    finds: 'readings-kept',
    says: /utility-backend: lists 0 readings of meter-611/,
  },
  {
    it: 'no reading is lost: a back end that is never given anything',
    agent: 'customer-backend',
    breaks: ports => ({
      ...ports,
      links: {
        ...ports.links,
        serve: (protocol, answer) =>
          ports.links.serve(protocol, protocol.includes('deliver') ? () => Promise.reject(new Error('no')) : answer),
      },
    }),
    steps: [],
    forSeconds: 30,
    finds: 'readings-kept',
    says: /customer-backend: has 0 of the \d+ records of meter-6\d\d that are due/,
  },
  {
    it: 'a ledger goes on after a crash: a store that only says that it has synced',
    agent: 'meter-611',
    breaks: hasty,
    steps: [20.1, 25.1, 30.1].map(atSeconds => ({
      atSeconds,
      crash: { agent: 'meter-611', what: 'machine', forSeconds: 1 },
    })),
    forSeconds: 34,
    finds: 'ledger-continues',
    says: /meter-611: starts with \d+ records, and had \d+ durable/,
  },
  {
    it: 'a receipt covers what is durable: a back end that receipts before its store has synced',
    agent: 'utility-backend',
    breaks: hasty,
    isAgent: true,
    steps: [],
    forSeconds: 14,
    finds: 'receipt-true',
    says: /utility-backend: signed for .* up to \d+, and has not durably stored record 1/,
  },
  {
    it: 'a receipt still covers what is durable after a crash: a disk that loses what it had synced',
    agent: 'utility-backend',
    breaks: hasty,
    steps: [10.5, 15.5, 20.5].map(atSeconds => ({
      atSeconds,
      crash: { agent: 'utility-backend', what: 'machine', forSeconds: 1 },
    })),
    forSeconds: 24,
    finds: 'receipt-true',
    says: /utility-backend: starts with \d+ records of/,
  },
  {
    it: 'a warning has a cause: line sensors that report another section',
    agent: 'recloser-671',
    breaks: ({ hal, ...ports }) => ({
      ...ports,
      hal: hal && {
        ...hal,
        status: async () => ({ ...(await hal.status()), entered: 0b100, left: 0, residualPu: 0.3 }),
      },
    }),
    steps: [],
    forSeconds: 14,
    finds: 'warned-safe',
    says: /recloser-671: warns of s684-652, where nothing is disturbed/,
  },
  {
    it: 'nobody else accepts a warning: a switch that says closed while it is open',
    agent: 'switch-692',
    breaks: ({ hal, ...ports }) => ({
      ...ports,
      hal: hal && { ...hal, status: async () => ({ ...(await hal.status()), position: 'closed' }) },
    }),
    steps: [
      { atSeconds: 5, operate: { device: 'SW692', to: 'open' } },
      { atSeconds: 42, disturb: { section: 's632-671', residualPu: 0.4, forSeconds: 1 } },
    ],
    forSeconds: 44,
    finds: 'warned-safe',
    says: /accepts warning .* about s632-671, and cannot be downstream/,
  },
  {
    it: 'everybody downstream is warned: a meter whose links deliver nothing',
    agent: 'meter-611',
    breaks: ports => ({ ...ports, links: { ...ports.links, onFrame: () => {}, onPublished: () => {} } }),
    steps: [{ atSeconds: 15, disturb: { section: 's671-684', residualPu: 0.4, forSeconds: 2 } }],
    forSeconds: 19,
    finds: 'warned-complete',
    says: /meter-611: was not warned of s671-684 by recloser-671/,
  },
  {
    it: 'nothing closes onto a fault: an agent that closes a device which has tripped',
    agent: 'recloser-675',
    isAgent: true,
    breaks: ports => atSecond(18, ({ hal }) => void hal?.operate?.('close').catch(() => {}))(ports),
    steps: [{ atSeconds: 15, fault: { section: 's692-675', forSeconds: 20 } }],
    forSeconds: 20,
    finds: 'no-close-onto-fault',
    says: /R675 closed onto a fault that \w+ picks up/,
  },
  {
    it: 'a device without communications does what it does alone: an agent that opens it for no reason',
    agent: 'recloser-671',
    breaks: atSecond(10, ({ hal }) => void hal?.operate?.('open').catch(() => {})),
    steps: [{ atSeconds: 15, fault: { section: 's671-684', forSeconds: 1 } }],
    forSeconds: 20,
    finds: 'as-alone',
    says: /without communications: .* R684 open, alone /,
  },
  {
    it: 'who is cut off sheds nothing: a meter that does',
    agent: 'meter-646',
    isAgent: true,
    breaks: atSecond(30, ({ hal }) => void hal?.operate?.('shed').catch(() => {})),
    steps: [{ atSeconds: 12, partition: { groups: [['meter-646']], forSeconds: 20 } }],
    forSeconds: 34,
    finds: 'cut-off-passive',
    says: /meter-646: shed, though it has been cut off for 15 s/,
  },
  {
    it: 'a load comes back: a meter that sheds it and forgets',
    agent: 'meter-646',
    isAgent: true,
    breaks: atSecond(10, ({ hal }) => void hal?.operate?.('shed').catch(() => {})),
    steps: [],
    forSeconds: 20,
    finds: 'load-returns',
    says: /load-646: still shed/,
  },
  {
    it: 'nothing runs away: a timer that is due again at once',
    agent: 'meter-611',
    breaks: ports => {
      const again = (): void => void ports.clock.wakeAt(ports.clock.now(), again)
      again()
      return ports
    },
    steps: [],
    forSeconds: 5,
    finds: 'no-runaway',
  },
  {
    it: 'no agent throws: a handler that does',
    agent: 'meter-611',
    breaks: ports => ({
      ...ports,
      onReport: () => {
        throw new Error('broken on purpose')
      },
    }),
    steps: [],
    forSeconds: 3,
    finds: 'no-throw',
    says: /meter-611: Error: broken on purpose/,
  },
]

describe('a broken world is found out:', () => {
  it.each(cases)('$it', async ({ finds, says = /./, ...run }) => {
    const violation = await violationOf(run)
    expect(violation).toMatchObject({ invariant: finds, what: expect.stringMatching(says) })
  })
})
