// One section of the bench: what it is given, what it returns.

import type { Row, Target } from './table.ts'

export interface SectionOptions {
  /** A directory of its own, removed afterwards. */
  readonly dir: string
  readonly quick: boolean
  readonly chance: () => number
}

export interface SectionResult {
  readonly rows: readonly Row[]
  /** What the figures are to be, and whether they are. */
  readonly targets?: readonly Target[]
  /** What a reader of the figures must know, such as warnings that did not reach everybody. */
  readonly notes: readonly string[]
}

export interface Section {
  readonly title: string
  /** A minute where nothing is said. */
  readonly withinMs?: number
  readonly measure: (options: SectionOptions) => Promise<SectionResult>
}
