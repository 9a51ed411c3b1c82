// `feedermesh pq`: power quality.

import { Command } from 'commander'
import { pqShowCommand } from './pq-show.ts'

export const pqCommand = (): Command =>
  new Command('pq').description('power quality: what an IED measures now').addCommand(pqShowCommand())
