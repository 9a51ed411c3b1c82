// People are told once of each peer that goes by another feeder file, and only of what that peer has said itself.

import { describe, expect, it } from 'vitest'
import type { Credential } from '../../src/mesh/credential.ts'
import { otherFeeder } from '../../src/mesh/other-feeder.ts'

const peer = (name: string): Credential => ({ peerId: `12D3-${name}`, name, organisation: 'utility' }) as Credential

function watched() {
  const told: string[] = []
  return { told, ...otherFeeder((name, organisation) => void told.push(`${name} of ${organisation}`)) }
}

describe('refusals for another feeder file', () => {
  it('are told once of each peer, and again when it had been over', () => {
    const { told, refused, used, names } = watched()
    for (const name of ['tie', 'tie', 'relay']) refused(peer(name), () => true)
    expect(told).toEqual(['tie of utility', 'relay of utility'])
    expect(names()).toEqual(['relay', 'tie'])
    used(peer('tie').peerId)
    expect(names()).toEqual(['relay'])
    refused(peer('tie'), () => true)
    expect(told).toHaveLength(3)
  })

  it('say nothing of a peer whose signature does not hold', () => {
    const { told, refused, names } = watched()
    refused(peer('tie'), () => false)
    expect([told, names()]).toEqual([[], []])
  })

  it('are kept by name for 256 peers at the most', () => {
    const { told, refused } = watched()
    for (let n = 0; n < 300; n++) refused(peer(`p${n}`), () => true)
    expect(told).toHaveLength(256)
  })
})
