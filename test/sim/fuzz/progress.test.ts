// How far a long run is, on a terminal and elsewhere.

import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createProgress } from '../../../sim/fuzz/progress.ts'

function shownOn({ isTTY }: { readonly isTTY: boolean }, run: (progress: ReturnType<typeof createProgress>) => void) {
  let text = ''
  let now = 0
  const write = (chunk: unknown, _: unknown, done: () => void): void => {
    text += String(chunk)
    done()
  }
  const out = Object.assign(new Writable({ write }), { isTTY })
  const progress = createProgress(out, 100, 'seeds', () => now)
  now = 30_000
  run(progress)
  return text
}

describe('progress', () => {
  it('is a bar with rate and time left on a terminal', () => {
    const text = shownOn({ isTTY: true }, progress => progress.step(25, ''))
    expect(text).toBe('[######..................] 25/100  50.0 seeds/min, 2 min left')
  })

  it('is a plain line elsewhere, and not with every step', () => {
    const text = shownOn({ isTTY: false }, progress => {
      progress.step(25, '1 failed')
      progress.step(26, '1 failed')
    })
    expect(text).toBe('25/100  50.0 seeds/min, 2 min left  1 failed\n')
  })

  it('writes what is said above the bar', () => {
    const text = shownOn({ isTTY: true }, progress => {
      progress.note('making it smaller')
      progress.say('seed 3 fails')
      progress.end()
    })
    expect(text).toBe('making it smaller\r\u001b[Kseed 3 fails\nmaking it smaller\r\u001b[K')
  })
})
