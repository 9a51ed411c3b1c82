// The monitor's events and values as people and other programs read them.

import { channelName } from '../protection/power-quality/channel-name.ts'
import type { PowerQualityEvent } from '../protection/power-quality/event.ts'
import type { Present } from '../protection/power-quality/monitor.ts'
import { phaseNames } from '../protection/power-quality/samples.ts'
import type { QualitySettings } from '../protection/power-quality/settings.ts'

/** Six digits: more is noise, and each has to be kept. */
const DIGITS = 6
const short = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(DIGITS)))

/** Numbers that are none are left out: a record has no place for them. */
export function rounded<T extends object>(fields: T): T {
  const entries = Object.entries(fields)
    .filter(([, value]) => value !== undefined && !(typeof value === 'number' && !Number.isFinite(value)))
    .map(([key, value]) => [key, typeof value === 'number' ? short(value) : value])
  return Object.fromEntries(entries) as T
}

const KINDS: Readonly<Record<PowerQualityEvent['kind'], string>> = {
  sag: 'sag',
  swell: 'swell',
  interruption: 'interruption',
  transient: 'transient',
  waveShape: 'wave shape changed',
  rapidVoltageChange: 'rapid voltage change',
  harmonics: 'harmonics',
  unbalance: 'unbalance',
  frequency: 'frequency off nominal',
  impending: 'impending',
}
const CAUSES: Readonly<Record<NonNullable<PowerQualityEvent['cause']>, string>> = {
  collapse: 'the voltage collapses',
  ownPickup: 'the own relay has picked up',
  upstreamPickup: 'the relay of a device upstream has picked up',
  upstreamTrip: 'a device upstream has tripped',
  neighbourWarning: 'a neighbour upstream warns',
  frequencyFalling: 'the frequency falls',
}

export function inWords({ kind, cause, extremePu, channels, resolution, ...event }: PowerQualityEvent): string {
  const what = cause === undefined ? KINDS[kind] : `${KINDS[kind]}: ${CAUSES[cause]}`
  const where = channels.length === 0 ? '' : ` (${channels.join(' ')})`
  const size = extremePu === undefined ? '' : ` ${(100 * extremePu).toFixed(1)} %`
  const long = event.phase === 'ends' ? ` for ${Math.round(event.durationMs)} ms` : ''
  const seen = resolution === 'poll' && cause === undefined ? ', seen by polls only' : ''
  return `${event.phase === 'ends' && event.category ? `${event.category} ` : ''}${what}${size}${where}${long}${seen}`
}

/** With the time of day in place of the monotonic ones, which mean nothing elsewhere. */
function shownEvent({ startedAt, detectedAt, startedUtcMs, channels, ...event }: PowerQualityEvent) {
  const times = { startedUtc: new Date(startedUtcMs).toISOString(), detectedAfterMs: detectedAt - startedAt }
  return rounded({ ...event, ...times, channels: [...channels] })
}

/** The answer to the read-out `power-quality`. */
export function shownQuality(
  present: Present | undefined,
  settings: QualitySettings | undefined,
  { ended, notTold }: { readonly ended: readonly PowerQualityEvent[]; readonly notTold: number },
) {
  const { rms = {}, window = {}, harmonics = {}, tenSeconds, tenMinutes } = present ?? {}
  const channels = (['volts', 'amps'] as const).flatMap(quantity =>
    phaseNames.flatMap(phase => {
      const channel = channelName(quantity, phase)
      const value = rms[channel]
      if (value === undefined) return []
      const isVolts = quantity === 'volts'
      const pu = isVolts && settings !== undefined ? value / settings.nominalVolts : undefined
      const thd = window[isVolts ? `thd.${phase}` : `thdI.${phase}`]
      const spectrum = harmonics[channel]
      return [
        {
          ...rounded({ channel, rms: value, pu, thd }),
          ...(spectrum === undefined ? {} : { harmonics: spectrum.map(short) }),
        },
      ]
    }),
  )
  return {
    resolution: present?.resolution ?? 'none',
    ...rounded({
      nominalVolts: settings?.nominalVolts,
      nominalHz: settings?.nominalHz,
      samplesPerSecond: present?.samplesPerSecond,
      hz: window.hz,
      hzOverTenSeconds: tenSeconds?.hz,
      u2: window.u2,
      u0: window.u0,
    }),
    lostSamples: present?.lost ?? 0,
    channels,
    ...(tenMinutes === undefined
      ? {}
      : {
          tenMinutes: {
            startUtc: new Date(tenMinutes.startUtcMs).toISOString(),
            endUtc: new Date(tenMinutes.endUtcMs).toISOString(),
            windows: tenMinutes.windows,
            flagged: tenMinutes.flagged,
            values: rounded(tenMinutes.values),
          },
        }),
    running: (present?.running ?? []).map(shownEvent),
    ended: ended.map(shownEvent),
    notTold,
  }
}
