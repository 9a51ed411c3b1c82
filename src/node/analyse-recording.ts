// A recording from a file, judged by the power-quality monitor.

import { type ComtradeRecord, evenly } from '../hal/comtrade/index.ts'
import { analyseRecord, type RecordAnalysis } from '../protection/power-quality/analyse-record.ts'

export interface AnalysedRecording extends RecordAnalysis {
  readonly samplesPerSecond: number
  readonly lineHz: number
  /** By name, evenly spaced, as recorded; of the channels that were judged. */
  readonly waves: ReadonlyMap<string, Float64Array>
}

export interface AnalysisOptions {
  /** RMS of 1 per unit, in the unit of the channels. */
  readonly nominal?: number
  /** In place of the frequency that the file says. */
  readonly lineHz?: number
}

/** Only for the widest gap that a wave is drawn through, where neither file nor user knows the frequency. */
const ASSUMED_HZ = 50

/** @throws ComtradeError COMTRADE_TOO_LARGE where samples that lie unevenly would be too many evenly */
export function analyseRecording(record: ComtradeRecord, { nominal, lineHz }: AnalysisOptions): AnalysedRecording {
  const nominalHz = lineHz ?? record.header.lineHz
  const { hz, lay } = evenly(record, nominalHz || ASSUMED_HZ)
  // Two channels of one name would be one in the answer.
  const names = new Map<string, number>()
  const channels = record.header.analog.map(channel => {
    const name = channel.name || `channel ${channel.number}`
    const count = (names.get(name) ?? 0) + 1
    names.set(name, count)
    return { name: count === 1 ? name : `${name} (${channel.number})`, unit: channel.unit, values: lay(channel) }
  })
  const analysis = analyseRecord({
    samplesPerSecond: hz,
    nominalHz,
    channels,
    ...(nominal === undefined ? {} : { nominal }),
  })
  const judged = new Set(analysis.courses.map(({ channel }) => channel))
  return {
    ...analysis,
    samplesPerSecond: hz,
    lineHz: nominalHz,
    waves: new Map(channels.filter(({ name }) => judged.has(name)).map(({ name, values }) => [name, values])),
  }
}
