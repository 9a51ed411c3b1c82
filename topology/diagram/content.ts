// What is to be drawn where: the symbols on each section, and what hangs on each node, with the words for each.

import type { DevicePosition } from '../feeder.ts'
import type { DeviceEntry, FeederFile, IedEntry, PerConnection } from '../feeder-file.ts'
import { groupBy } from '../group-by.ts'
import { totalOf } from '../load-power.ts'
import { byName } from '../network.ts'

export type SymbolKind =
  | DeviceEntry['kind']
  | 'transformer'
  | 'regulator'
  | 'load'
  | 'capacitor'
  | 'synchronous'
  | 'inverter'
  | 'source'

/** `chip` is an IED's name, framed. */
export interface Words {
  readonly text: string
  readonly style: 'strong' | 'plain' | 'faint' | 'chip' | 'alarm'
}

export interface Mark {
  readonly kind: SymbolKind
  /** The name in the file of what is shown, the first of several. */
  readonly name: string
  readonly words: readonly Words[]
  /** Switching devices only. */
  readonly position?: DevicePosition
}

export interface SectionContent {
  readonly from: readonly Mark[]
  readonly middle: readonly Mark[]
  readonly to: readonly Mark[]
  /** Loads spread along it. */
  readonly loads: readonly Mark[]
}

export interface NodeContent {
  readonly hanging: readonly Mark[]
  /** IEDs that belong to nothing shown beside them. */
  readonly ieds: readonly Words[]
}

export interface Content {
  section(name: string): SectionContent
  node(name: string): NodeContent
}

export function contentOf(file: FeederFile, position: (device: string) => DevicePosition): Content {
  const ieds = iedWords(file.ieds)
  const devices = groupBy(file.devices, device => `${device.section} ${device.at}`)
  const transformers = groupBy(file.transformers, transformer => transformer.section)
  const regulators = groupBy(file.regulators, regulator => regulator.section)
  const loadsAt = groupBy(file.loads, load => (load.node === undefined ? `along ${load.along}` : `at ${load.node}`))
  const capacitors = groupBy(file.capacitors, capacitor => capacitor.node)
  const generators = groupBy(file.generators, generator => generator.node)
  const sources = groupBy(file.sources, source => source.node)
  const iedsAt = groupBy([...file.ieds].sort(byName), ied => ied.node)

  const deviceMark = ({ name, kind }: DeviceEntry): Mark => ({
    kind,
    name,
    position: position(name),
    words: [{ text: name, style: 'strong' }, ...ieds.operating(name)],
  })
  const loadMarks = (entries: readonly FeederFile['loads'][number][] | undefined): Mark[] => {
    if (entries === undefined) return []
    const kw = sumOf(entries.map(load => totalOf(load.kw)))
    const customers = sumOf(entries.map(load => load.customers))
    const words: Words[] = [
      { text: `${tidy(kw)} kW`, style: 'plain' },
      ...(customers > 0
        ? [{ text: customers === 1 ? '1 customer' : `${customers} customers`, style: 'faint' } as const]
        : []),
    ]
    return [
      {
        kind: 'load',
        name: entries[0]?.name ?? '',
        words: [...words, ...ieds.metering(entries.map(({ name }) => name))],
      },
    ]
  }

  return {
    section: name => ({
      from: (devices.get(`${name} from`) ?? []).map(deviceMark),
      to: (devices.get(`${name} to`) ?? []).map(deviceMark),
      middle: [
        ...bank('transformer', transformers.get(name), units => [
          { text: units.map(unit => unit.name)[0] ?? '', style: 'plain' },
          { text: `${tidy(sumOf(units.map(unit => unit.kva)))} kVA`, style: 'faint' },
          { text: `${tidyKv(units[0]?.primaryKv ?? 0)} / ${tidyKv(units[0]?.secondaryKv ?? 0)} kV`, style: 'faint' },
        ]),
        ...bank('regulator', regulators.get(name), units => [
          { text: units[0]?.name ?? '', style: 'plain' },
          {
            text: `taps ${units.flatMap(unit => given(unit.taps).map(tidy)).join(', ')}`,
            style: 'faint',
          },
        ]),
      ],
      loads: loadMarks(loadsAt.get(`along ${name}`)),
    }),
    node: name => ({
      hanging: [
        ...(sources.get(name) ?? []).map(
          (source): Mark => ({ kind: 'source', name: source.name, words: [{ text: source.name, style: 'strong' }] }),
        ),
        ...(generators.get(name) ?? []).map(
          (generator): Mark => ({
            kind: generator.kind,
            name: generator.name,
            words: [
              { text: generator.name, style: 'plain' },
              { text: `${tidy(generator.kw)} kW`, style: 'faint' },
              ...ieds.operating(generator.name),
            ],
          }),
        ),
        ...bank('capacitor', capacitors.get(name), units => [
          { text: `${tidy(sumOf(units.map(unit => totalOf(unit.kvar))))} kvar`, style: 'plain' },
          ...units.flatMap(unit => ieds.operating(unit.name)),
        ]),
        ...loadMarks(loadsAt.get(`at ${name}`)),
      ],
      ieds: capped((iedsAt.get(name) ?? []).filter(ied => !ieds.isShownElsewhere(ied)).map(chip)),
    }),
  }
}

interface IedWords {
  operating(name: string): Words[]
  metering(loads: readonly string[]): Words[]
  isShownElsewhere(ied: IedEntry): boolean
}

/** IEDs stand beside what they operate, else beside the loads that they meter, else at their node. */
function iedWords(ieds: readonly IedEntry[]): IedWords {
  const operators = new Map(ieds.flatMap(ied => (ied.operates === undefined ? [] : [[ied.operates, ied] as const])))
  const pairs = ieds.flatMap(ied => (ied.operates === undefined ? ied.meters.map(load => ({ load, ied })) : []))
  const meters = groupBy(pairs, ({ load }) => load)
  const operator = (name: string): IedEntry[] => [operators.get(name) ?? []].flat()
  return {
    operating: name => operator(name).map(chip),
    metering(loads) {
      const found = loads.flatMap(load => [...operator(load), ...(meters.get(load) ?? []).map(({ ied }) => ied)])
      return capped([...new Set(found)].map(chip))
    },
    isShownElsewhere: ied => ied.operates !== undefined || ied.meters.length > 0,
  }
}

const MOST_CHIPS = 3
function capped(chips: readonly Words[]): Words[] {
  if (chips.length <= MOST_CHIPS) return [...chips]
  return [...chips.slice(0, MOST_CHIPS - 1), { text: `and ${chips.length - MOST_CHIPS + 1} IEDs more`, style: 'faint' }]
}

const chip = ({ name }: IedEntry): Words => ({ text: name, style: 'chip' })

/** Units that stand together are one symbol. */
function bank<T extends { readonly name: string }>(
  kind: SymbolKind,
  units: readonly T[] | undefined,
  words: (units: readonly T[]) => Words[],
): Mark[] {
  return units === undefined ? [] : [{ kind, name: units[0]?.name ?? '', words: words(units) }]
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)
const given = (each: PerConnection): number[] => Object.values(each).filter(value => value !== undefined)

/** Three digits that count and no more: 0.48, 4.16, 85.3, 1155. */
export function tidy(value: number): string {
  return String(Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3)))
}

/** Voltages are known by their names: 12.47, not 12.5. */
export const tidyKv = (kv: number): string => String(Number(kv.toPrecision(4)))
