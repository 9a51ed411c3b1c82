// The form in which published solutions are kept: one line a node or branch, as printed in the source.

import type { Phase } from '../../topology/feeder-file.ts'

/** A phasor as printed: size and degrees. */
export interface Printed {
  readonly size: number
  readonly degrees: number
}

export interface Published {
  /** The shipped feeder file's name. */
  readonly feeder: string
  /** What the voltages are between; three-wire feeders publish those between phases. */
  readonly between: 'phases' | 'phase and neutral'
  readonly input: { readonly kw: number; readonly kvar: number }
  readonly losses: { readonly kw: number; readonly kvar: number }
  /** Published names of nodes that are called otherwise here, and of a transformer's own terminal. */
  readonly names: Readonly<Record<string, string>>
  /** Node, then size/degrees in per unit for a, b, c (or ab, bc, ca); "-" where the table has none. */
  readonly voltages: string
  /** From, to, then amps/degrees that enter at from, and the loss in kW. */
  readonly branches: string
  /** Node, phases, then amperes: "abc" has one for each phase; one or two phases have one for the fault. */
  readonly faults: string
}

export interface PublishedVoltage {
  readonly node: string
  readonly phases: readonly (Printed | undefined)[]
}

export interface PublishedBranch {
  readonly from: string
  readonly to: string
  readonly phases: readonly (Printed | undefined)[]
  readonly lossKw: number
}

export interface PublishedFault {
  readonly node: string
  readonly phases: readonly Phase[]
  readonly amps: readonly number[]
}

const lines = (text: string): string[][] =>
  text
    .split('\n')
    .map(line => line.trim().split(/ +/))
    .filter(([first]) => first !== '')

function printed(field: string): Printed | undefined {
  if (field === '-') return undefined
  const [size = Number.NaN, degrees = Number.NaN] = field.split('/').map(Number)
  return { size, degrees }
}

export const voltagesOf = ({ voltages }: Published): PublishedVoltage[] =>
  lines(voltages).map(([node = '', ...fields]) => ({ node, phases: fields.map(printed) }))

export const branchesOf = ({ branches }: Published): PublishedBranch[] =>
  lines(branches).map(([from = '', to = '', a = '-', b = '-', c = '-', loss]) => ({
    from,
    to,
    phases: [a, b, c].map(printed),
    lossKw: Number(loss),
  }))

export const faultsOf = ({ faults }: Published): PublishedFault[] =>
  lines(faults).map(([node = '', phases = '', ...amps]) => ({
    node,
    phases: [...phases] as Phase[],
    amps: amps.map(Number),
  }))
