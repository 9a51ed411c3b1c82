// Where the feeders made by others are, which tests import. They are not part of this repository.

import { existsSync } from 'node:fs'

export const FEEDERS = '../shared/data/feeders'
const CASES = `${FEEDERS}/opendss/IEEETestCases`

export const hasFeeders = existsSync(FEEDERS)
export const WITHOUT = 'needs the public feeders under ../shared/data/feeders'

/** By the names of feeders_truth.json. */
export const MASTERS: Readonly<Record<string, string>> = {
  '4bus-dy': `${CASES}/4Bus-DY-Bal/4Bus-DY-Bal.DSS`,
  '4bus-yd': `${CASES}/4Bus-YD-Bal/4Bus-YD-Bal.DSS`,
  '4bus-yy': `${CASES}/4Bus-YY-Bal/4Bus-YY-Bal.DSS`,
  ieee13: `${CASES}/13Bus/IEEE13Nodeckt.dss`,
  ieee13mod_onm: `${FEEDERS}/onm_ieee13mod/network.ieee13mod.dss`,
  ieee13x: `${FEEDERS}/cim/ieee13x_opendss/Master.dss`,
  ieee34mod1: `${CASES}/34Bus/ieee34Mod1.dss`,
  ieee34mod2: `${CASES}/34Bus/ieee34Mod2.dss`,
  ieee37: `${CASES}/37Bus/ieee37.dss`,
}

export const CASE_FILES = CASES
