import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Messenger } from '../../src/mesh/messenger.ts'
import { interlockPaths, thingOf } from '../../src/node/interlock-paths.ts'
import { neighbourhood } from '../../src/node/neighbourhood.ts'
import { createFeeder, parseFeeder } from '../../topology/index.ts'

const FILE = 'topology/feeders/ieee13.yaml'

it('keeps the way of an interlock question, whatever a message before it called a device', () => {
  const feeder = createFeeder(parseFeeder(readFileSync(FILE, 'utf8'), FILE))
  const near = neighbourhood('relay-650', feeder, { hold: () => {} }, { peerOf: name => name } as Messenger)
  const paths = interlockPaths(feeder, near)
  // A relay asks this before it has looked at the signature: anybody may have said it.
  expect([...paths.down('CB650', ['R632 R645']).onward('')]).toEqual([])
  expect([...paths.up('CB650 R632', 'R645').onward('')]).toEqual([])
  expect(paths.down('CB650', ['R632', 'R645']).fromOrigin().sort()).toEqual(['recloser-632', 'recloser-645'])
  expect(new Set([thingOf('a b'), thingOf('a', 'b'), thingOf('b', 'a'), thingOf('a"', '"b')]).size).toBe(4)
})
