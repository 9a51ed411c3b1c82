// From the feeder file and the agent's configuration to the settings of the relay in software.

import type { Feeder } from '../../topology/feeder.ts'
import type { DeviceEntry } from '../../topology/feeder-file.ts'
import { type Duration, duration } from '../../topology/units.ts'
import type { MeasuredKind, MeasuredSettings } from '../protection/elements/measured.ts'
import { overcurrentSettings } from '../protection/elements/relay-settings.ts'
import type { SoftwareRelaySettings } from '../protection/elements/software-relay.ts'
import type { SoftwareRelayConfig } from './software-relay-config.ts'

const PER_UNIT: ReadonlySet<MeasuredKind> = new Set(['27', '59', '59N', '47'])

/** @returns the settings, or in words why there are none */
export function softwareRelaySettings(
  device: DeviceEntry,
  config: SoftwareRelayConfig,
  nominal: { readonly volts: number; readonly hz: number },
): SoftwareRelaySettings | string {
  const group = groupOf(device, config.group)
  if (group === undefined) return noGroup(device, config.group)
  const { relay, reclose } = group
  if (relay === undefined) return `${device.name} has no relay in the feeder file, want its stages there`
  const { directional, coldLoad, inrush, breakerFailure, highCurrentLockoutAmps } = config
  const currentAmps = breakerFailure.currentAmps ?? relay.pickupAmps / 10
  return {
    overcurrent: overcurrentSettings(relay, reclose, config.dropoutRatio),
    measured: config.elements.map(each => measuredSettings(each, nominal.volts)),
    reclosing: {
      deadTimes: reclose?.deadTimesMs.map(duration) ?? [],
      resetTime: duration(reclose?.resetMs ?? 30_000),
      fastShots: reclose?.fastShots ?? 0,
      sequenceCoordination: reclose?.sequenceCoordination ?? false,
      operatingTime: duration(config.operatingMs),
      conditionTime: duration(config.conditionMs),
    },
    breakerFailure: {
      currentAmps,
      time: duration(device.breakerFailureMs),
      retripTime: duration(breakerFailure.retripMs),
    },
    ...(directional === undefined ? {} : { directional: directionalSettings(directional, nominal) }),
    ...(coldLoad === undefined
      ? {}
      : {
          coldLoad: {
            outage: duration(coldLoad.outageMs),
            factor: coldLoad.factor,
            lasts: duration(coldLoad.lastsMs),
            currentAmps,
          },
        }),
    ...(inrush === undefined ? {} : { inrush: { ratio: inrush.ratio, atMost: duration(inrush.atMostMs) } }),
    ...(highCurrentLockoutAmps === undefined ? {} : { highCurrentLockoutAmps }),
  }
}

/** @returns in words why the device of this IED cannot be set to this group; undefined when it can */
export function missingGroup(feeder: Feeder, ied: string, group: string): string | undefined {
  const operates = feeder.file.ieds.find(({ name }) => name === ied)?.operates
  const device = feeder.file.devices.find(({ name }) => name === operates)
  if (device === undefined) return `${ied} operates no switching device`
  return groupOf(device, group) === undefined ? noGroup(device, group) : undefined
}

const groupOf = (device: DeviceEntry, group: string): Pick<DeviceEntry, 'relay' | 'reclose'> | undefined =>
  group === 'base'
    ? device
    : Object.hasOwn(device.settingsGroups ?? {}, group)
      ? device.settingsGroups?.[group]
      : undefined

const noGroup = (device: DeviceEntry, group: string): string => {
  const names = ['base', ...Object.keys(device.settingsGroups ?? {})]
  return `${device.name} has no group of settings "${group}", want one of ${names.join(', ')}`
}

function measuredSettings(element: SoftwareRelayConfig['elements'][number], nominalVolts: number): MeasuredSettings {
  const { kind, pickup, delayMs, phases, leastPu, windowMs } = element
  const least = leastPu ?? (kind.startsWith('81') ? 0.6 : undefined)
  return {
    name: kind,
    kind,
    pickup: PER_UNIT.has(kind) ? pickup * nominalVolts : pickup,
    timing: { kind: 'definite', delay: duration(delayMs) },
    ...(phases === undefined ? {} : { phases }),
    ...(least === undefined ? {} : { leastVolts: least * nominalVolts }),
    ...(windowMs === undefined ? {} : { window: windowMs as Duration }),
  }
}

function directionalSettings(
  directional: NonNullable<SoftwareRelayConfig['directional']>,
  { volts, hz }: { readonly volts: number; readonly hz: number },
): NonNullable<SoftwareRelaySettings['directional']> {
  const { phase, ground, without, apertureDegrees, leastPu, memoryMs, ...rest } = directional
  return {
    settings: {
      ...rest,
      aperture: apertureDegrees,
      leastVolts: leastPu * volts,
      memory: duration(memoryMs),
      nominalHz: hz,
    },
    without,
    ...(phase === undefined ? {} : { phase }),
    ...(ground === undefined ? {} : { ground }),
  }
}
