import { expect, it } from 'vitest'
import { peerRow } from '../../../src/node/cli/peer-row.ts'
import { table } from '../../../src/node/cli/table.ts'

const ID = '12D3KooWL5PQXyYLRAnQu7L5vykGo8ajTNanE6wsy4XUFbze4XCM'
const RELAY = '12D3KooWReKSg1DQUUCwbuarmVexvLb6uu8jZpsJ6gwjLEQCPWzh'
const peer = {
  name: 'customer-backend',
  organisation: 'customer',
  roles: ['BACKEND'],
  peerId: ID,
  address: `/ip4/192.168.100.200/tcp/21700/p2p/${ID}`,
  relayed: false,
  connectedSeconds: 86_400,
  rttMs: 1234.567,
  link: { way: 'datagram', rttP99Ms: 1234.567, lossShare: 0.123, bitsPerSecond: 123_456_789, marked: true },
}

it('shows an address without the id of the peer that it leads to', () => {
  expect(peerRow(peer)).toMatchObject({ address: '/ip4/192.168.100.200/tcp/21700', peerId: '…Fbze4XCM' })
})

it('tells two peers of one name apart, and keeps a relay in the address', () => {
  const relayed = `/ip4/10.0.0.1/tcp/4001/p2p/${RELAY}/p2p-circuit/p2p/${ID}`
  expect(peerRow({ ...peer, address: relayed })).toMatchObject({
    address: '/ip4/10.0.0.1/tcp/4001/p2p/…LEQCPWzh/p2p-circuit',
  })
  expect(peerRow({ ...peer, peerId: RELAY }).peerId).not.toBe(peerRow(peer).peerId)
})

it('leaves an address alone that has no id in it', () => {
  expect(peerRow({ ...peer, address: '' })).toMatchObject({ address: '' })
  expect(peerRow({ ...peer, address: '/ip4/10.0.0.1/tcp/4001' })).toMatchObject({ address: '/ip4/10.0.0.1/tcp/4001' })
})

it('fits a terminal of 160 columns, wide values included', () => {
  for (const line of table([peerRow(peer)]).split('\n')) expect(line.length).toBeLessThanOrEqual(160)
})
