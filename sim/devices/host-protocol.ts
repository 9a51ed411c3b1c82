// What the two sides of a device host in a process of its own say to each other. Sent by structured clone, so bigints
// and maps travel as they are.

import type { DeviceHost, DeviceHostOptions } from './device-host.ts'

/** The methods that a client may call. Changes return ns as a bigint, as the host itself does. */
export const HOST_METHODS = [
  'disturb',
  'clearDisturbance',
  'fault',
  'clearFault',
  'setLoadScale',
  'probeTemperature',
  'stickBreaker',
  'operate',
  'history',
  'registers',
  'snapshot',
  'stop',
] as const
export type HostMethod = (typeof HOST_METHODS)[number]

/** To the host. `start` comes first and once. */
export type HostRequest =
  | { readonly id: number; readonly kind: 'start'; readonly options: DeviceHostOptions }
  | { readonly id: number; readonly kind: 'call'; readonly method: HostMethod; readonly args: readonly unknown[] }

/** From the host, one for each request. `start` is answered with the ports. */
export type HostAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: string }

/** The host's methods as a client offers them. */
export type RemoteDeviceHost = { readonly ports: DeviceHost['ports'] } & {
  readonly [M in HostMethod]: (...args: Parameters<DeviceHost[M]>) => Promise<Awaited<ReturnType<DeviceHost[M]>>>
}
