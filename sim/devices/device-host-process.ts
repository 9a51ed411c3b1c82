// Entry of the child process that runs a device host: plant and devices must not share a core with what they test.
// It ends when its parent goes away, however that happens.

import { type DeviceHost, startDeviceHost } from './device-host.ts'
import type { HostAnswer, HostRequest } from './host-protocol.ts'

let host: DeviceHost | undefined

async function answer(request: HostRequest): Promise<unknown> {
  if (request.kind === 'start') {
    host = await startDeviceHost(request.options)
    return host.ports
  }
  if (host === undefined) throw new Error('not started')
  const method = host[request.method] as (...args: readonly unknown[]) => unknown
  return method(...request.args)
}

function send(message: HostAnswer): void {
  if (process.connected) process.send?.(message)
}

process.on('message', (request: HostRequest) => {
  answer(request).then(
    value => send({ id: request.id, ok: true, value }),
    (error: unknown) =>
      send({ id: request.id, ok: false, error: error instanceof Error ? error.message : String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))
// An interrupt at the terminal reaches the whole process group; the parent decides when the devices go.
process.on('SIGINT', () => {})
