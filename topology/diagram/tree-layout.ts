// The tidy tree: the source at the left, each node an upright bar, each section a level line to the right.
//
// The longest way from the source (that with the most nodes behind it, at each fork) keeps its row; the laterals hang in
// rows below and above it. Laterals are placed from the far end toward the source, each in the row nearest to its main
// that is still free, so no line crosses another: what hangs nearer to the source begins further left than all that is
// already placed, and has to end before it or go to a row beyond.

import type { SectionEntry } from '../feeder-file.ts'
import type { Branch, SpanningTree } from '../spanning-tree.ts'
import { at, type Point } from './geometry.ts'
import type { Layout, Room } from './layout.ts'

/** Part of the tree with a row of its own and all that hangs on it. `x` counts from its first node. */
interface Block {
  readonly members: { readonly node: string; readonly x: number; readonly row: number }[]
  /** By row from 0 on, outward: where it begins and ends. */
  readonly left: number[]
  readonly right: number[]
}

export function treeLayout(tree: SpanningTree, room: Room): Layout {
  const size = sizes(tree)
  const nodes = new Map<string, Point>()
  let nextRow = 0
  for (const root of tree.roots) {
    const { members, above } = mainBlock(root)
    nextRow += above
    for (const { node, x, row } of members) nodes.set(node, at(x, (nextRow + row) * room.row))
    nextRow += Math.max(...members.map(({ row }) => row)) + 1.4
  }
  return { nodes, ...joined(tree, nodes) }

  function mainBlock(root: string): { members: Block['members']; above: number } {
    const { path, xs } = mainFrom(root)
    const sides = [emptySide(), emptySide()] as const
    for (let index = path.length - 1; index >= 0; index--) {
      for (const lateral of lateralsOf(path[index] as string, path[index + 1])) {
        const block = blockOf(lateral)
        const [below, above] = sides.map(side => freeRow(side, block, xs[index] as number)) as [number, number]
        const side = below <= above ? 0 : 1
        put(sides[side], block, xs[index] as number, Math.min(below, above))
      }
    }
    const main = path.map((node, index) => ({ node, x: xs[index] as number, row: 0 }))
    const above = sides[1].members.map(({ node, x, row }) => ({ node, x, row: -row }))
    return { members: [...main, ...sides[0].members, ...above], above: sides[1].left.length - 1 }
  }

  /** A lateral with the node that it hangs on at x = 0; that node is not a member. */
  function blockOf(lateral: Branch): Block {
    const { path, xs } = mainFrom(lateral.node, room.section(lateral.section))
    const side = emptySide()
    for (let index = path.length - 1; index >= 0; index--) {
      for (const further of lateralsOf(path[index] as string, path[index + 1])) {
        const block = blockOf(further)
        put(side, block, xs[index] as number, freeRow(side, block, xs[index] as number))
      }
    }
    const main = path.map((node, index) => ({ node, x: xs[index] as number, row: 0 }))
    return {
      members: [...main, ...side.members],
      left: [0, ...side.left.slice(1)],
      right: [(xs.at(-1) as number) + room.column, ...side.right.slice(1)],
    }
  }

  function mainFrom(start: string, firstX = 0): { path: string[]; xs: number[] } {
    const path = [start]
    const xs = [firstX]
    for (let next = heaviest(start); next !== undefined; next = heaviest(next.node)) {
      xs.push((xs.at(-1) as number) + room.section(next.section))
      path.push(next.node)
    }
    return { path, xs }
  }

  function heaviest(node: string): Branch | undefined {
    return tree.children.get(node)?.reduce((best, other) => (weight(other) > weight(best) ? other : best))
  }

  function lateralsOf(node: string, main: string | undefined): Branch[] {
    const laterals = (tree.children.get(node) ?? []).filter(branch => branch.node !== main)
    return laterals.sort((one, other) => weight(one) - weight(other))
  }

  function weight({ node }: Branch): number {
    return size.get(node) ?? 0
  }
}

/** Row 0 is the main's own and stays unused here. */
const emptySide = (): Block => ({ members: [], left: [Number.POSITIVE_INFINITY], right: [Number.NEGATIVE_INFINITY] })

/** The nearest row in which a block that hangs at `x` touches nothing; the bar to it must find its way too. */
function freeRow(side: Block, block: Block, x: number): number {
  const isFree = (row: number, right: number): boolean => right <= (side.left[row] ?? Number.POSITIVE_INFINITY)
  for (let row = 1; ; row++) {
    if (block.right.every((right, index) => isFree(row + index, x + right))) return row
    if (!isFree(row, x)) throw new Error('a lateral is placed before those further from the source')
  }
}

function put(side: Block, block: Block, x: number, row: number): void {
  for (const member of block.members) {
    side.members.push({ node: member.node, x: member.x + x, row: member.row + row })
  }
  const widen = (index: number, left: number, right: number): void => {
    side.left[index] = Math.min(side.left[index] ?? Number.POSITIVE_INFINITY, left)
    side.right[index] = Math.max(side.right[index] ?? Number.NEGATIVE_INFINITY, right)
  }
  for (let index = 1; index < row; index++) widen(index, x, x)
  block.right.forEach((right, index) => {
    widen(row + index, x + (block.left[index] as number), x + right)
  })
}

/** How many nodes are at and behind each node. */
function sizes(tree: SpanningTree): Map<string, number> {
  const size = new Map<string, number>(tree.order.map(node => [node, 1]))
  for (const node of [...tree.order].reverse()) {
    const above = tree.parent.get(node)?.node
    if (above !== undefined) size.set(above, (size.get(above) ?? 1) + (size.get(node) ?? 1))
  }
  return size
}

function joined(tree: SpanningTree, nodes: ReadonlyMap<string, Point>): Omit<Layout, 'nodes'> {
  const bars = new Map<string, { top: number; bottom: number }>()
  const routes = new Map<string, readonly Point[]>()
  for (const [node, point] of nodes) {
    const ys = [point.y, ...(tree.children.get(node) ?? []).map(child => nodes.get(child.node)?.y ?? point.y)]
    bars.set(node, { top: Math.min(...ys), bottom: Math.max(...ys) })
  }
  for (const [node, { node: above, section }] of tree.parent) {
    const to = nodes.get(node) as Point
    const from = at((nodes.get(above) as Point).x, to.y)
    routes.set(section.name, section.to === node ? [from, to] : [to, from])
  }
  return { bars, routes, unrouted: tree.others as SectionEntry[] }
}
