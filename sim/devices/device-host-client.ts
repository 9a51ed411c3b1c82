// A device host in a child process, with the same methods as promises.

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { DeviceHostOptions } from './device-host.ts'
import {
  HOST_METHODS,
  type HostAnswer,
  type HostMethod,
  type HostRequest,
  type RemoteDeviceHost,
} from './host-protocol.ts'

export type { RemoteDeviceHost } from './host-protocol.ts'

type Waiting = { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
type Asked =
  | { readonly kind: 'start'; readonly options: DeviceHostOptions }
  | { readonly kind: 'call'; readonly method: HostMethod; readonly args: readonly unknown[] }

/** The entry has the extension of this file: compiled, both are .js. */
const ENTRY = fileURLToPath(new URL(`device-host-process${import.meta.url.slice(-3)}`, import.meta.url))

/** After `stop` was answered; a child that is still there is killed. */
const EXIT_WITHIN_MS = 2_000

/**
 * Starts the child process and, in it, the device host.
 *
 * @param inside a command that runs the rest of its arguments elsewhere, such as `ip netns exec NAME`
 * @throws Error with the host's message, for example when a port is taken
 */
export async function forkDeviceHost(
  options: DeviceHostOptions,
  inside: readonly string[] = [],
): Promise<RemoteDeviceHost> {
  const [execPath = process.execPath, ...execArgv] = inside.length === 0 ? [] : [...inside, process.execPath]
  const child = fork(ENTRY, [], { serialization: 'advanced', execPath, execArgv })
  const waiting = new Map<number, Waiting>()
  let nextId = 0
  let gone: Error | undefined
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))

  const end = (error: Error): void => {
    gone ??= error
    for (const { reject } of waiting.values()) reject(gone)
    waiting.clear()
  }
  child.on('error', end)
  child.on('exit', (code, signal) => end(new Error(`device host: ended (${signal ?? code})`)))
  child.on('message', (message: HostAnswer) => {
    const asker = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.ok) asker?.resolve(message.value)
    else asker?.reject(new Error(message.error))
  })

  const ask = (asked: Asked): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (gone !== undefined) return reject(gone)
      const request: HostRequest = { ...asked, id: nextId++ }
      waiting.set(request.id, { resolve, reject })
      child.send(request, error => {
        if (error && waiting.delete(request.id)) reject(error)
      })
    })

  const leave = async (): Promise<void> => {
    if (child.connected) child.disconnect()
    const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_WITHIN_MS)
    await exited
    clearTimeout(timer)
  }

  let ports: unknown
  try {
    ports = await ask({ kind: 'start', options })
  } catch (error) {
    await leave()
    throw error
  }

  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    await ask({ kind: 'call', method: 'stop', args: [] }).catch(() => {}) // gone already is stopped too
    await leave()
  }
  const methods = Object.fromEntries(
    HOST_METHODS.map(method => [method, (...args: unknown[]) => ask({ kind: 'call', method, args })]),
  )
  return {
    ...methods,
    ports,
    stop: () => {
      stopped ??= stop()
      return stopped
    },
  } as RemoteDeviceHost
}
