import { describe, expect, it } from 'vitest'
import { protectionPlaces } from '../../src/mesh/protection-places.ts'

const ip4 = (address: string, port: number) => `/ip4/${address}/tcp/${port}`

const cases = [
  { it: 'are where TCP listens', listen: [ip4('10.0.0.1', 4001)], listening: [], places: ['10.0.0.1 4001'] },
  {
    it: 'have the port that TCP was given',
    listen: [ip4('127.0.0.1', 0)],
    listening: [`${ip4('127.0.0.1', 40123)}/p2p/12D3`],
    places: ['127.0.0.1 40123'],
  },
  {
    it: 'take a free one when TCP announces another address',
    listen: [ip4('127.0.0.1', 0)],
    listening: [ip4('203.0.113.7', 4001)],
    places: ['127.0.0.1 0'],
  },
  {
    it: 'have the configured port',
    listen: [ip4('10.0.0.1', 4001)],
    listening: [],
    port: 5000,
    places: ['10.0.0.1 5000'],
  },
  {
    it: 'are one for each address, in either family',
    listen: [ip4('10.0.0.1', 1), ip4('10.0.0.1', 2), '/ip6/::1/tcp/3', '/dns4/example.org/tcp/4'],
    listening: [],
    places: ['10.0.0.1 1', '::1 3'],
  },
  { it: 'are none for who listens nowhere', listen: [], listening: [], places: [] },
  {
    it: 'are eight at the most',
    listen: Array.from({ length: 12 }, (_, n) => ip4(`10.0.0.${n}`, 4001)),
    listening: [],
    places: Array.from({ length: 8 }, (_, n) => `10.0.0.${n} 4001`),
  },
]

describe('the places where datagrams are received', () => {
  for (const { it: name, listen, listening, port, places: want } of cases) {
    it(name, () => {
      const places = protectionPlaces(listen, listening, port)
      expect(places.map(({ address, port: each }) => `${address} ${each}`)).toEqual(want)
    })
  }
})
