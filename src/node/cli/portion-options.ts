// What the commands about portions have in common.

import { join } from 'node:path'
import { addressOf, lastUsed } from './readouts.ts'

export interface PortionArguments {
  readonly at?: string
  readonly as?: string
  readonly data?: string
  readonly out?: string
  readonly json?: boolean
}

export const AS = '--as <file>'
export const DATA = ['--data <dir>', "data directory of 'up', to look names up"] as const

export const viewer = ({ as, data }: PortionArguments): string =>
  as ?? process.env.FEEDERMESH_AS ?? join(data ?? lastUsed(), 'viewer.yaml')
export const placed = (at: string, { data }: PortionArguments): string =>
  addressOf({ at, ...(data === undefined ? {} : { data }) })
