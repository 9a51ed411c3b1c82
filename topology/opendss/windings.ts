// Transformer elements as OpenDSS has them: windings, and reactances between them.

import { type Terminal, terminalOf } from './buses.ts'
import { asValue, type Circuit, type Element } from './elements.ts'
import { fault, shown } from './fault.ts'
import { countOf, isDelta, numberOf, numbersOf, positiveOf, type Value, wordsOf } from './values.ts'

export interface Winding {
  bus: Value | undefined
  isDelta: boolean
  /** Line to line for two and three phases, else across the winding. */
  kv: number
  kva: number
  tap: number
  /** On its own kVA. */
  percentR: number
  /** Negative: the neutral floats. */
  neutralOhm: number | undefined
}

export interface WoundTransformer {
  readonly phaseCount: number
  readonly windings: readonly Winding[]
  /** By pair of windings (12, 13, 23), on the kVA of the first. */
  readonly percentX: { readonly hl: number; readonly ht: number; readonly lt: number }
  readonly percentNoLoad: number
  readonly percentMagnetising: number
  readonly leads: boolean
  /** Lower case; empty for none. */
  readonly bank: string
}

const newWinding = (): Winding => ({
  bus: undefined,
  isDelta: false,
  kv: 12.47,
  kva: 1000,
  tap: 1,
  percentR: 0.2,
  neutralOhm: undefined,
})

/** Settings in their order, those of an XfmrCode where it is named. @throws TopologyError */
export function woundTransformer(transformer: Element, circuit: Circuit): WoundTransformer {
  let phaseCount = 3
  let windings = [newWinding(), newWinding()]
  let active = 0
  let bank = ''
  let leads = false
  let percentNoLoad = 0
  let percentMagnetising = 0
  const percentX = { hl: 7, ht: 35, lt: 30 }
  apply(transformer, true)
  return { phaseCount, windings, percentX, percentNoLoad, percentMagnetising, leads, bank }

  function apply(element: Element, mayName: boolean): void {
    for (const entry of element.settings) {
      const value = asValue(element, entry)
      const winding = windings[active] ?? newWinding()
      switch (entry.property) {
        case 'phases':
          phaseCount = countOf(value)
          break
        case 'windings': {
          const count = countOf(value)
          windings = Array.from({ length: count }, (_, n) => windings[n] ?? newWinding())
          break
        }
        case 'wdg':
          active = countOf(value) - 1
          if (!windings[active]) throw fault(value.at, `${value.label}: ${active + 1}, want ${windings.length} at most`)
          break
        case 'bus':
          winding.bus = value
          break
        case 'conn':
          winding.isDelta = isDelta(value)
          break
        case 'kv':
          winding.kv = positiveOf(value)
          break
        case 'kva':
          setKva(winding, positiveOf(value))
          break
        case 'tap':
          winding.tap = positiveOf(value)
          break
        case '%r':
          winding.percentR = numberOf(value)
          break
        case 'rneut':
          winding.neutralOhm = numberOf(value)
          break
        case 'buses':
          each(wordsOf(value), (to, text) => {
            to.bus = { ...value, text }
          })
          break
        case 'conns':
          each(wordsOf(value), (to, text) => {
            to.isDelta = isDelta({ ...value, text })
          })
          break
        case 'kvs':
          each(positives(value), (to, kv) => {
            to.kv = kv
          })
          break
        case 'kvas':
          each(positives(value), (to, kva) => {
            to.kva = kva
          })
          break
        case 'taps':
          each(positives(value), (to, tap) => {
            to.tap = tap
          })
          break
        case '%rs':
          each(numbersOf(value), (to, percent) => {
            to.percentR = percent
          })
          break
        case '%loadloss':
          each([numberOf(value) / 2, numberOf(value) / 2], (to, percent) => {
            to.percentR = percent
          })
          break
        case 'xhl':
        case 'x12':
          percentX.hl = numberOf(value) || 7
          break
        case 'xht':
        case 'x13':
          percentX.ht = numberOf(value) || 35
          break
        case 'xlt':
        case 'x23':
          percentX.lt = numberOf(value) || 30
          break
        case 'xscarray':
          setPairs(numbersOf(value))
          break
        case '%noloadloss':
          percentNoLoad = numberOf(value)
          break
        case '%imag':
          percentMagnetising = numberOf(value)
          break
        case 'leadlag':
          leads = /^(le|eu)/i.test(value.text)
          break
        case 'bank':
          bank = value.text.toLowerCase()
          break
        case 'xfmrcode':
          if (mayName) apply(codeNamed(value), false)
          break
      }
    }
  }

  function setKva(winding: Winding, kva: number): void {
    winding.kva = kva
    // As in OpenDSS: the first winding's rating is that of all until they have their own; of two both have the same.
    if (active === 0 || windings.length === 2) for (const other of windings) other.kva = kva
  }

  function setPairs(values: readonly number[]): void {
    const [first, second, third] = values
    const count = windings.length
    percentX.hl = first ?? percentX.hl
    if (count < 3) return
    percentX.ht = second ?? percentX.ht
    percentX.lt = (count === 3 ? third : values[count - 1]) ?? percentX.lt
  }

  function each<T>(values: readonly T[], put: (winding: Winding, value: T) => void): void {
    values.slice(0, windings.length).forEach((value, n) => {
      const winding = windings[n]
      if (winding) put(winding, value)
    })
  }

  function codeNamed({ text, label, at }: Value): Element {
    const code = circuit.elements.get('xfmrcode')?.get(text.toLowerCase())
    if (!code) throw fault(at, `${label}: ${shown(text)}, no such XfmrCode, want one that New made`)
    return code
  }
}

const positives = (value: Value): number[] => wordsOf(value).map(text => positiveOf({ ...value, text }))

/** Of a winding: the phases, and after them the neutral of a wye or the second end of a single winding. */
export function windingTerminal(winding: Winding, phaseCount: number): Terminal | undefined {
  const conductors = winding.isDelta ? Math.max(phaseCount, 2) : phaseCount + 1
  return winding.bus && terminalOf(winding.bus, phaseCount, conductors)
}
