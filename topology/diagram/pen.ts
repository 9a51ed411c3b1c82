// What every part of a drawing has to know.

import type { Feeder } from '../feeder.ts'
import type { Arrangement } from './arrange.ts'
import type { Content } from './content.ts'
import type { Overlay } from './options.ts'

/** How much is said: everything, the names of devices, or lines alone. */
export type Detail = 'all' | 'devices' | 'lines'

export interface Pen {
  /** In the state to show. */
  readonly feeder: Feeder
  readonly content: Content
  readonly arrangement: Arrangement
  readonly sourceBars: ReadonlyMap<string, { readonly isUpright: boolean }>
  readonly colourOfNode: (node: string) => string
  readonly colourOfSection: (section: string) => string
  readonly overlay: Overlay
  readonly detail: Detail
  /** Of lines: 1, and more on a drawing so large that lines of the usual width would vanish. */
  readonly thickness: number
}
