import { describe, expect, it } from 'vitest'
import { livenessNow, type WayFacts, waysNow } from '../../src/mesh/link-way.ts'

const settings = { doubtMs: 400, silenceMs: 750 }
const sound: WayFacts = { hasKeys: true, isStreamOpen: true, datagramEcho: 1000, streamEcho: 1000 }

const cases: { it: string; facts?: Partial<WayFacts>; now: number; way: string; state: string | undefined }[] = [
  { it: 'is the datagram while it is echoed', now: 1400, way: 'datagram', state: 'up' },
  { it: 'is both in doubt', now: 1401, way: 'datagram+stream', state: 'up' },
  { it: 'is both until the silence is long enough', now: 1750, way: 'datagram+stream', state: 'up' },
  { it: 'is the stream when UDP is silent', facts: { streamEcho: 1700 }, now: 1751, way: 'stream', state: 'up' },
  { it: 'is still the stream when both are silent', now: 1751, way: 'stream', state: 'silent' },
  {
    it: 'is the stream before keys are agreed',
    facts: { hasKeys: false, datagramEcho: undefined },
    now: 1100,
    way: 'stream',
    state: 'up',
  },
  {
    it: 'is the stream where UDP never got through',
    facts: { datagramEcho: undefined },
    now: 1100,
    way: 'stream',
    state: 'up',
  },
  {
    it: 'is the datagram when there is no stream, even if it is silent',
    facts: { isStreamOpen: false },
    now: 9000,
    way: 'datagram',
    state: 'silent',
  },
  { it: 'is none without either', facts: { hasKeys: false, isStreamOpen: false }, now: 1000, way: '', state: 'up' },
  {
    it: 'is not known to live before the first echo',
    facts: { datagramEcho: undefined, streamEcho: undefined },
    now: 9000,
    way: 'stream',
    state: undefined,
  },
]

describe('the way of a frame', () => {
  for (const { it: name, facts, now, way, state } of cases) {
    it(name, () => {
      const ways = waysNow({ ...sound, ...facts }, now, settings)
      expect(
        Object.entries(ways)
          .flatMap(([each, used]) => (used ? [each] : []))
          .join('+'),
      ).toBe(way)
      expect(livenessNow({ ...sound, ...facts }, now, settings)).toBe(state)
    })
  }
})
