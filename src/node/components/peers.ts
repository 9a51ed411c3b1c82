// Answers `feedermesh peers`: who is connected, who this peer is, and what was refused; and `peers --why`: what each may
// do here and why, and why the latest ones that came were not admitted.

import type { AdmissionDecision, LinkPeer, LinkQuality } from '../../mesh/links.ts'
import { protocolTable } from '../../mesh/protocols.ts'
import type { Component } from '../component.ts'
import { explainMessages, explainProtocols, type Rules } from '../explain-peer.ts'

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

/** In one answer. */
const MOST_KNOWN = 4096

export const peersReadout: Component = {
  name: 'peers',
  start({ links, messenger, readout, name, credential, feeder, clock, config }) {
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
      refusedDatagrams: Object.fromEntries(links.datagramRefusals?.() ?? []),
      refusedMessages: Object.fromEntries(messenger.refusals()),
    }))

    // People's tools are told of nobody by announcements; who may read here may go to the others himself.
    readout('known-peers', async () => {
      const announced = links.announced?.() ?? links.peers()
      const own = { credential, addresses: links.addresses() }
      return {
        peers: [own, ...announced]
          .map(({ credential: of, addresses }) => ({
            name: of.name,
            organisation: of.organisation,
            roles: [...of.roles],
            peerId: of.peerId,
            addresses: addresses.slice(0, 8),
          }))
          .slice(0, MOST_KNOWN),
      }
    })

    const rules = (): Rules => ({
      rows: messenger.table(),
      protocols: protocolTable,
      policy: messenger.policy(),
      authorities: config.authorities.map(({ organisation }) => organisation),
      own: credential.organisation,
    })
    const admitted = ({ credential: of, peerId }: LinkPeer) => ({
      name: of.name,
      organisation: of.organisation,
      roles: [...of.roles],
      peerId,
      admitted: true,
      words: 'admitted: a trusted authority signed its credential for this feeder',
      messages: explainMessages(of, rules()),
      protocols: explainProtocols(of, rules()),
    })
    const refused = ({ name: shown, organisation, peerId, reason, words }: AdmissionDecision) => ({
      name: shown ?? '',
      organisation: organisation ?? '',
      roles: [],
      peerId,
      admitted: false,
      ...(reason === undefined ? {} : { reason }),
      words,
      messages: [],
      protocols: [],
    })
    readout('why', async ({ name: wanted }) => {
      const connected = new Set(links.peers().map(({ peerId }) => peerId))
      // Of each that is not connected, the latest.
      const latest = new Map(links.decisions().map(decision => [decision.peerId, decision]))
      const away = [...latest.values()].filter(each => !each.admitted && !connected.has(each.peerId))
      const all = [...links.peers().map(admitted), ...away.map(refused)]
      const peers = all
        .filter(peer => wanted === undefined || peer.name === wanted || peer.peerId === wanted)
        .sort((a, b) => (`${a.name} ${a.peerId}` < `${b.name} ${b.peerId}` ? -1 : 1))
      return { peers }
    })
    return { stop: () => {} }
  },
}
