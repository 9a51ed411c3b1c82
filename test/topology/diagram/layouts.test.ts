import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coordinateLayout } from '../../../topology/diagram/coordinate-layout.ts'
import { at, boxAround, legsOf, type Point } from '../../../topology/diagram/geometry.ts'
import type { Layout, Room } from '../../../topology/diagram/layout.ts'
import { createRouter } from '../../../topology/diagram/router.ts'
import { treeLayout } from '../../../topology/diagram/tree-layout.ts'
import { spanningTree } from '../../../topology/spanning-tree.ts'
import { feederOf } from '../build-feeder.ts'

const room: Room = { row: 100, column: 90, section: () => 80 }

/** Feeders of up to 60 nodes: each node hangs on one before it. */
const feeders = fc
  .array(fc.nat(), { minLength: 1, maxLength: 60 })
  .map(parents => parents.map((parent, index) => `n${parent % (index + 1)}-n${index + 1}`).join(' '))

describe('treeLayout', () => {
  it('crosses no line and covers no node, whatever the tree', () => {
    fc.assert(
      fc.property(feeders, text => {
        const file = feederOf(text)
        const layout = treeLayout(spanningTree(file), room)
        expect(layout.nodes.size).toBe(file.nodes.length)
        expect(layout.routes.size).toBe(file.sections.length)
        expect(crossings(layout)).toEqual([])
      }),
      { numRuns: 150 },
    )
  })

  it('keeps the main in one row', () => {
    const { nodes } = treeLayout(spanningTree(feederOf('A-B B-C B-X C-D D-E')), room)
    expect(['A', 'B', 'C', 'D', 'E'].map(name => nodes.get(name))).toEqual([0, 80, 160, 240, 320].map(x => at(x, 0)))
    expect(nodes.get('X')).toEqual(at(160, 100))
  })

  it('puts several sources under one another', () => {
    const file = feederOf('A-B B/C C-D', change => {
      change.sources.push({ name: 'second', node: 'D', voltagePu: 1, angleDegrees: 0, holds: 'node' })
    })
    const { nodes, unrouted } = treeLayout(spanningTree(file), room)
    expect(Math.abs((nodes.get('D')?.y ?? 0) - (nodes.get('A')?.y ?? 0))).toBeGreaterThanOrEqual(100)
    expect(unrouted.map(({ name }) => name)).toEqual(['B-C'])
  })
})

/** Level sections against upright bars that they do not hang on. */
function crossings({ nodes, bars, routes }: Layout): string[] {
  const upright = [...bars].map(([node, { top, bottom }]) => ({ node, x: nodes.get(node)?.x ?? 0, top, bottom }))
  const touching = [...routes].flatMap(([section, points]) => {
    const [from, to] = points.map(({ x }) => x).sort((one, other) => one - other) as [number, number]
    const y = points[0]?.y ?? 0
    const own = section.split('-')
    return upright
      .filter(({ node, x, top, bottom }) => !own.includes(node) && x >= from && x <= to && y >= top && y <= bottom)
      .map(({ node }) => `${section} over ${node}`)
  })
  const places = [...nodes.values()].map(({ x, y }) => `${x} ${y}`)
  return new Set(places).size === places.length ? touching : [...touching, 'two nodes at one place']
}

describe('coordinateLayout', () => {
  const drawn = (text: string, places: Record<string, [number, number]>): Layout | undefined => {
    const file = feederOf(text, change => {
      for (const node of change.nodes) {
        const place = places[node.name]
        if (place) node.drawnAt = place
      }
    })
    return coordinateLayout(file, spanningTree(file), room, true)
  }

  it('makes nearly level and upright ways exactly so, with north at the top', () => {
    const nodes = drawn('A-B B-C B-D', { A: [0, 0], B: [10, 1], C: [20, 0], D: [11, 10] })?.nodes
    const [a, b, c, d] = ['A', 'B', 'C', 'D'].map(name => nodes?.get(name) as Point) as [Point, Point, Point, Point]
    expect([a.y, c.y]).toEqual([b.y, b.y])
    expect(d.x).toBe(b.x)
    expect(d.y).toBeLessThan(b.y)
    expect(a.x).toBeLessThan(b.x)
  })

  it('gives short sections the room that they need', () => {
    const nodes = drawn('A-B B-C', { A: [0, 0], B: [100, 0], C: [100.01, 0] })?.nodes
    expect((nodes?.get('C')?.x ?? 0) - (nodes?.get('B')?.x ?? 0)).toBeGreaterThanOrEqual(80)
  })

  it('fills in a node without coordinates between its neighbours, and one at the end beside its own', () => {
    const nodes = drawn('A-M M-B B-E', { A: [0, 0], B: [10, 0], E: [10, -10] })?.nodes
    expect(nodes?.get('M')?.y).toBe(nodes?.get('A')?.y)
    const end = drawn('A-B B-C C-E', { A: [0, 0], B: [10, 0], C: [20, 0] })?.nodes
    expect(end?.get('E')?.x).toBeGreaterThan(end?.get('C')?.x ?? 0)
  })

  it('lines up the ends of a tie', () => {
    const layout = drawn('A-B A-C C-D B/D', { A: [0, 0], B: [10, 0], C: [0, -10], D: [10.4, -10] })
    expect(layout?.nodes.get('B')?.x).toBe(layout?.nodes.get('D')?.x)
    expect(layout?.routes.has('B-D')).toBe(true)
  })

  it('has no answer where too few nodes have coordinates', () => {
    expect(drawn('A-B B-C C-D', { A: [0, 0] })).toBeUndefined()
  })
})

describe('createRouter', () => {
  const area = { left: 0, top: 0, right: 400, bottom: 300 }

  it('leads level and upright around obstacles', () => {
    const router = createRouter(area)
    router.addObstacle(boxAround(at(200, 150), 60))
    const way = router.route(at(50, 150), at(350, 150), []) ?? []
    expect(way[0]).toEqual(at(50, 150))
    expect(way.at(-1)).toEqual(at(350, 150))
    for (const { from, to } of legsOf(way)) expect(from.x === to.x || from.y === to.y).toBe(true)
    expect(way.some(({ y }) => Math.abs(y - 150) >= 52)).toBe(true)
  })

  it('crosses a line rather than run along it', () => {
    const router = createRouter(area)
    router.addLine([at(0, 150), at(400, 150)])
    const way = router.route(at(200, 50), at(200, 250), []) ?? []
    expect(way).toEqual([at(200, 50), at(200, 250)])
  })

  it('leaves through an obstacle of its own, and not along a line that is there', () => {
    const router = createRouter(area)
    const own = boxAround(at(104, 156), 18)
    router.addObstacle(own)
    router.addLine([at(104, 156), at(300, 156)])
    expect(router.route(at(104, 156), at(300, 260), [])).toBeUndefined()
    const [, second] = router.route(at(104, 156), at(300, 260), [own]) ?? []
    expect(second?.x).toBe(104)
  })

  it('has no way out of a closed wall, and none on paper too large to search', () => {
    const router = createRouter(area)
    for (const [x, y] of [
      [100, 150],
      [300, 150],
    ] as const)
      router.addObstacle({ left: x - 15, right: x + 15, top: y - 250, bottom: y + 250 })
    expect(router.route(at(200, 150), at(380, 150), [])).toBeUndefined()
    expect(createRouter({ left: 0, top: 0, right: 1e6, bottom: 1e6 }).route(at(0, 0), at(9, 9), [])).toBeUndefined()
  })
})
