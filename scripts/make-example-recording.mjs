// Writes docs/examples/sag.cff, the recording that docs/waveforms.md shows: a fault on two phases further down the feeder for
// nine cycles of 50 Hz, its harmonics, and a breaker that clears it. All of it is computed; build first.
//
//   node scripts/make-example-recording.mjs docs/examples/sag.cff

import { writeFileSync } from 'node:fs'
import { comtradeFile } from '../dist/src/hal/comtrade/index.js'

const HZ = 50
const RATE = 64 * HZ
const SAMPLES = 24 * 64
const [begins, ends] = [8.3, 17.1].map(cycles => cycles / HZ)
const times = Float64Array.from({ length: SAMPLES }, (_, n) => n / RATE)
const isFault = time => time >= begins && time < ends

/** A wave with some fifth harmonic, another one while the fault lasts. */
const wave = (before, during, degrees, lag = 0) =>
  times.map(time => {
    const radians = 2 * Math.PI * HZ * time + ((degrees - (isFault(time) ? lag : 0)) * Math.PI) / 180
    const peak = Math.SQRT2 * (isFault(time) ? during : before)
    return peak * (Math.cos(radians) + 0.012 * Math.cos(5 * radians))
  })
/** A current through an inductance does not jump: what it would have to dies away. */
const offset = (wanted, tau = 0.025) => {
  const at = times.findIndex(isFault)
  const jump = wanted[at - 1] - wanted[at]
  return wanted.map((value, n) => (isFault(times[n]) ? value + jump * Math.exp(-(times[n] - times[at]) / tau) : value))
}
/** What rings at the source when the fault begins and when it is cleared. */
const ring = (values, crest) =>
  values.map((value, n) => {
    const since = [begins, ends].map(at => times[n] - at).filter(after => after >= 0)
    const rings = since.map(after => crest * Math.exp(-after / 0.0012) * Math.sin(2 * Math.PI * 900 * after))
    return value + rings.reduce((sum, each) => sum + each, 0)
  })

const volts = [ring(wave(6350, 3830, 0, 14), 1500), ring(wave(6350, 3980, -120, -11), 900), wave(6350, 6470, 120)]
const amps = [offset(wave(210, 2650, -25, 35)), offset(wave(205, 2580, -145, 35)), wave(198, 214, 95)]
const column = (name, phase, unit, values) => ({ name, phase, unit, values })
const micros = Date.UTC(2026, 4, 14, 9, 26, 53, 140) * 1000
const bits = from => Uint8Array.from(times, time => Number(time >= from && time < ends + 0.012))

const recording = {
  station: 'Example feeder',
  device: 'recloser-7',
  lineHz: HZ,
  rates: [{ hz: RATE, lastSample: SAMPLES }],
  startUtcMicros: BigInt(micros),
  triggerUtcMicros: BigInt(micros + Math.round(begins * 1e6)),
  timeQuality: '8',
  times,
  analog: [
    ...['A', 'B', 'C'].map((phase, n) => column(`V${phase.toLowerCase()}`, phase, 'V', volts[n])),
    ...['A', 'B', 'C'].map((phase, n) => column(`I${phase.toLowerCase()}`, phase, 'A', amps[n])),
  ],
  digital: [{ name: 'pickup', normal: 0, values: bits(begins + 0.018) }],
  information: [['Source', 'computed example']],
  remarks: ['Computed: a fault on phases a and b for nine cycles.'],
}
writeFileSync(process.argv[2] ?? 'docs/examples/sag.cff', Buffer.concat([...comtradeFile(recording)]))
