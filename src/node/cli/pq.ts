// `feedermesh pq`: power quality.

import { Command } from 'commander'
import { pqAnalyseCommand } from './pq-analyse.ts'
import { pqShowCommand } from './pq-show.ts'

export const pqCommand = (): Command =>
  new Command('pq')
    .description('power quality: what an IED measures now, and what is in a recording')
    .addCommand(pqShowCommand())
    .addCommand(pqAnalyseCommand())
