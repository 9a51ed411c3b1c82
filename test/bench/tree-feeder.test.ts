import { describe, expect, it } from 'vitest'
import { HEAD, receiverName, receiverNames, SECTION, treeFeeder } from '../../bench/tree-feeder.ts'
import { depthOf, neighboursOf, parentOf } from '../../bench/tree-shape.ts'

describe('a feeder of a given shape', () => {
  for (const shape of [
    { receivers: 20, degree: 1 },
    { receivers: 50, degree: 8 },
    { receivers: 10, degree: 4 },
  ]) {
    it(`has ${shape.receivers} IEDs downstream of the head’s section, each below its parent, of degree ${shape.degree}`, () => {
      const feeder = treeFeeder(shape)
      expect([...feeder.downstreamIeds(SECTION).certain].sort()).toEqual(receiverNames(shape.receivers).sort())
      expect(feeder.observerOf(SECTION)).toBe(HEAD)
      for (let index = 1; index <= shape.receivers; index++) {
        expect(feeder.parent(receiverName(index))).toBe(receiverName(parentOf(index, shape)))
        const children = neighboursOf(index, shape).filter(each => each > index)
        expect([...feeder.children(receiverName(index))].sort()).toEqual(children.map(receiverName).sort())
      }
    })
  }
  it('is as deep as a chain is long, and two deep for ten receivers with eight at the head', () => {
    expect(depthOf(20, { receivers: 20, degree: 1 })).toBe(20)
    expect(depthOf(8, { receivers: 10, degree: 8 })).toBe(1)
    expect(depthOf(9, { receivers: 10, degree: 8 })).toBe(2)
  })
})
