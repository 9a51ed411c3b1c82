// What the processes of a supplier's customers and the one that began them say to each other.

export interface PushPlan {
  readonly dir: string
  readonly names: readonly string[]
  readonly common: Readonly<Record<string, unknown>>
  readonly seed: string
  readonly supplier: Readonly<Record<string, unknown>>
}

export type Pushed = 'tariff' | 'prices'

/** Prices by the moment from which each holds, ms. */
export type PriceRows = readonly (readonly [number, string])[]

export type ToCustomers =
  | {
      readonly kind: 'when'
      readonly what: Pushed
      /** SHA-256 of the tariff, or the first price. */
      readonly which: string
      readonly withinMs: number
    }
  /** Ends the agents, and looks at what each has in its store. */
  | { readonly kind: 'check'; readonly supplier: string; readonly tariff: string; readonly prices: PriceRows }

export type FromCustomers =
  | { readonly kind: 'open' }
  /** Of each that has it within that time, when. */
  | { readonly kind: 'had'; readonly what: Pushed; readonly which: string; readonly atMs: readonly number[] }
  | { readonly kind: 'checked'; readonly exact: number; readonly wrong: readonly string[]; readonly rssMb: number }
  | { readonly kind: 'failed'; readonly message: string }
