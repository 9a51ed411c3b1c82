// Answers `feedermesh peers`: who is connected, who this peer is, and what was refused.

import type { LinkQuality } from '../../mesh/links.ts'
import type { Component } from '../component.ts'

const thousandths = (value: number): number => Math.round(value * 1000) / 1000

function linkOf({ way, rttP99Ms, lossShare, bitsPerSecond, marked }: LinkQuality) {
  return {
    way: way ?? 'none',
    ...(rttP99Ms === undefined ? {} : { rttP99Ms: thousandths(rttP99Ms) }),
    ...(lossShare === undefined ? {} : { lossShare: thousandths(lossShare) }),
    ...(bitsPerSecond === undefined ? {} : { bitsPerSecond: Math.round(bitsPerSecond) }),
    marked,
  }
}

export const peersReadout: Component = {
  name: 'peers',
  start({ links, messenger, readout, name, credential, feeder, clock }) {
    readout('peers', async () => ({
      self: { name, organisation: credential.organisation, peerId: links.peerId, addresses: [...links.addresses()] },
      feeder: { name: feeder.file.name, hash: feeder.hash },
      peers: links
        .peers()
        .map(peer => ({
          name: peer.credential.name,
          organisation: peer.credential.organisation,
          roles: [...peer.credential.roles],
          peerId: peer.peerId,
          address: peer.addresses[0] ?? '',
          relayed: peer.relayed === true,
          connectedSeconds: Math.round((clock.now() - peer.connectedSince) / 1000),
          ...(peer.rttMs === undefined ? {} : { rttMs: thousandths(peer.rttMs) }),
          ...(peer.link === undefined ? {} : { link: linkOf(peer.link) }),
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1)),
      knownPeers: links.knownPeers(),
      refusedPeers: Object.fromEntries(links.refusals()),
      refusedMessages: Object.fromEntries(messenger.refusals()),
    }))
    return { stop: () => {} }
  },
}
