import { expect, it } from 'vitest'
import { cutOff } from '../../../sim/up/revoke-step.ts'
import { emptyStory, killed, type Story, tell } from '../../../sim/up/story.ts'

function feeder(): Story {
  const story = emptyStory(['a', 'b', 'stolen'])
  for (const ied of ['a', 'b', 'stolen']) tell(story, ied, { event: 'started', atMs: 0, ledger: 1, ledgerId: ied })
  for (const ied of ['a', 'b']) tell(story, ied, { event: 'peer-up', atMs: 1, peer: 'stolen', peers: 2 })
  return story
}
const knows = (story: Story, ied: string, atMs: number): void =>
  tell(story, ied, { event: 'revoked', atMs, peerId: 'key-1', organisation: 'utility', words: '' })
const cuts = (story: Story, ied: string, atMs: number): void =>
  tell(story, ied, { event: 'peer-down', atMs, peer: 'stolen', peers: 1 })

it('counts from the first agent that knew to the last one that cut', () => {
  const story = feeder()
  knows(story, 'b', 100)
  cuts(story, 'b', 101)
  knows(story, 'a', 140)
  cuts(story, 'a', 190)
  expect(cutOff(story, 'stolen', ['key-1'])).toEqual({ missing: [], lastMs: 90 })
})

it('who knows and has it for a peer still, and who does not know, are missing', () => {
  const story = feeder()
  knows(story, 'a', 100)
  expect(cutOff(story, 'stolen', ['key-1']).missing).toEqual(['a', 'b'])
  cuts(story, 'b', 101)
  expect(cutOff(story, 'stolen', ['key-1']).missing).toEqual(['a', 'b'])
})

it("another key's revocation is none of its", () => {
  const story = feeder()
  for (const ied of ['a', 'b']) cuts(story, ied, 5)
  for (const ied of ['a', 'b']) knows(story, ied, 10)
  expect(cutOff(story, 'stolen', ['key-2']).missing).toEqual(['a', 'b'])
})

it('who takes it in again is seen', () => {
  const story = feeder()
  for (const ied of ['a', 'b']) {
    knows(story, ied, 10)
    cuts(story, ied, 11)
  }
  tell(story, 'a', { event: 'peer-up', atMs: 2000, peer: 'stolen', peers: 2 })
  expect(cutOff(story, 'stolen', ['key-1']).missing).toEqual(['a'])
  cuts(story, 'a', 3000)
  expect(cutOff(story, 'stolen', ['key-1']).lastMs).toBe(2990)
})

it('who was killed holds nobody', () => {
  const story = feeder()
  const a = story.agents.get('a')
  if (a !== undefined) killed(a)
  knows(story, 'b', 10)
  cuts(story, 'b', 11)
  expect(cutOff(story, 'stolen', ['key-1'])).toEqual({ missing: [], lastMs: 1 })
})
