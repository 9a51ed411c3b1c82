import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { oneLineDiagram } from '../../../topology/diagram/index.ts'
import { createFeeder, type Feeder } from '../../../topology/feeder.ts'
import { parseFeeder } from '../../../topology/load-feeder.ts'
import { computedMs } from '../../stalls.ts'
import { feederOf } from '../build-feeder.ts'
import { overlapsOf, textsOf, wellFormed } from './svg-text.ts'

const folder = new URL('../../../topology/feeders/', import.meta.url)
const shipped = readdirSync(folder).filter(name => name.endsWith('.yaml'))
const load = (name: string): Feeder => createFeeder(parseFeeder(readFileSync(new URL(name, folder), 'utf8'), name))

describe.each(shipped)('the one-line diagram of %s', name => {
  const feeder = load(name)
  const svg = oneLineDiagram(feeder)
  const words = textsOf(svg).map(({ text }) => text)

  it('is well-formed and needs nothing from elsewhere', () => {
    expect(wellFormed(svg)).toBe(true)
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|<image|@font-face|url\(/)
  })

  it('names every node, device and IED', () => {
    const { nodes, devices, ieds } = feeder.file
    const shown = ieds.length > 3 ? words.filter(text => / IEDs more$/.test(text)) : []
    for (const { name: wanted } of [...nodes, ...devices]) expect(words).toContain(wanted)
    if (shown.length === 0) for (const { name: wanted } of ieds) expect(words).toContain(wanted)
  })

  it('lets no words cover others, as coordinates and as a tree', () => {
    for (const arrange of ['coordinates', 'tree'] as const) {
      expect(overlapsOf(textsOf(oneLineDiagram(feeder, { arrange })))).toEqual([])
    }
  })

  it('is the same each time', () => {
    expect(oneLineDiagram(load(name))).toBe(svg)
  })
})

describe('oneLineDiagram', () => {
  const ieee13 = load('ieee13.yaml')

  it('draws what happened over the feeder, and leaves the feeder as it was', () => {
    const svg = oneLineDiagram(ieee13, {
      positions: new Map([['R684', 'open']]),
      overlay: {
        faults: [{ section: 's684-652', at: 0.5, label: 'a to ground' }],
        operated: [{ device: 'R684', label: 'tripped after 312 ms' }],
        values: new Map([['675', ['0.98 pu']]]),
      },
    })
    const words = textsOf(svg).map(({ text }) => text)
    expect(words).toEqual(expect.arrayContaining(['a to ground', 'tripped after 312 ms', '0.98 pu', 'without voltage']))
    expect(svg).toContain('stroke-dasharray="5 4"')
    expect(ieee13.position('R684')).toBe('closed')
  })

  it('takes the dark sections that it is told', () => {
    const told = oneLineDiagram(ieee13, { overlay: { darkSections: new Set(['s692-675']) } })
    expect(textsOf(told).map(({ text }) => text)).toContain('without voltage')
    expect(textsOf(oneLineDiagram(ieee13)).map(({ text }) => text)).not.toContain('without voltage')
  })

  it('leaves out what the feeder does not have', () => {
    const overlay = {
      faults: [{ node: 'nowhere' }],
      operated: [{ device: 'nothing' }],
      values: new Map([['x', ['1']]]),
    }
    expect(oneLineDiagram(ieee13, { overlay })).toBe(oneLineDiagram(ieee13))
  })

  it('has no sheet around it when it is to be plain', () => {
    const plain = oneLineDiagram(ieee13, { format: 'plain' })
    expect(plain).toContain('width="100%"')
    expect(textsOf(plain).map(({ text }) => text)).not.toContain('ZONES')
  })

  it('writes words as words, whatever they hold', () => {
    const svg = oneLineDiagram(ieee13, { title: '<script>&"\u0001', notes: [']]><svg onload="x">'] })
    expect(wellFormed(svg)).toBe(true)
    expect(svg).not.toContain('<script')
    expect(svg).toContain('&lt;script&gt;&amp;&quot;')
  })

  it('shows an open tie hollow, and the way to it', () => {
    const svg = oneLineDiagram(createFeeder(feederOf('A*B B*C A*D D/C')))
    expect(textsOf(svg).map(({ text }) => text)).toEqual(expect.arrayContaining(['D.C', 'tie (open)']))
  })

  it.each([2, 160, 161, 1200, 1201])('draws a feeder of %i nodes', nodes => {
    const svg = oneLineDiagram(createFeeder(feederOf(branching(nodes))))
    expect(wellFormed(svg)).toBe(true)
  })

  it('draws ten thousand nodes within seconds and a few megabytes', () => {
    const feeder = createFeeder(feederOf(branching(10_000)))
    const before = computedMs()
    const svg = oneLineDiagram(feeder)
    expect(computedMs() - before).toBeLessThan(10_000)
    expect(svg.length).toBeLessThan(4e6)
    expect(textsOf(svg).length).toBeLessThan(60)
  })
})

/** Node k hangs on node k/2, every tenth behind a recloser. */
function branching(nodes: number): string {
  return Array.from({ length: nodes - 1 }, (_, index) => {
    const node = index + 1
    return `n${Math.floor(node / 2)}${node % 10 === 1 ? '*' : '-'}n${node}`
  }).join(' ')
}
