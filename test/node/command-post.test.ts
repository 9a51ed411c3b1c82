// Who passes orders on has so many places, and no peer has all of them.

import { describe, expect, it } from 'vitest'
import type { Credential } from '../../src/mesh/credential.ts'
import type { Links } from '../../src/mesh/links.ts'
import { commandPost } from '../../src/node/command-post.ts'
import { encodeQuestion } from '../../src/node/command-protocol.ts'
import { createFeeder } from '../../topology/feeder.ts'
import { smallFeeder } from '../sim/small-feeder.ts'

type Serve = Parameters<Links['serve']>[1]

function post() {
  let serve: Serve = async () => new Uint8Array()
  const links = {
    peers: () => [],
    serve(_protocol: string, next: Serve) {
      serve = next
    },
  } as unknown as Links
  const made = commandPost({ name: 'recloser', feeder: createFeeder(smallFeeder()), links, verify: () => true })
  let answerAll = (): void => {}
  const all = new Promise<void>(resolve => {
    answerAll = resolve
  })
  made.answerHere(async () => {
    await all
    return new Uint8Array([1])
  })
  const question = encodeQuestion({ kind: 'select', to: 'recloser', by: 'ada', hops: 1 })
  return { ask: (peerId: string) => serve({ peerId } as Credential, question), answerAll }
}

describe('the command post', () => {
  it('keeps places for others while one peer asks as often as it may', async () => {
    const { ask, answerAll } = post()
    const flood = Array.from({ length: 16 }, () => ask('liar'))
    await expect(ask('liar')).rejects.toThrow(/ask again/)
    const other = ask('ada')
    answerAll()
    expect(await other).toEqual(new Uint8Array([1]))
    await Promise.all(flood)
    expect(await ask('liar')).toEqual(new Uint8Array([1]))
  })

  it('has 32 in all', async () => {
    const { ask, answerAll } = post()
    const some = Array.from({ length: 32 }, (_, at) => ask(`peer ${at}`))
    await expect(ask('one more')).rejects.toThrow(/32 in all/)
    answerAll()
    await Promise.all(some)
  })
})
