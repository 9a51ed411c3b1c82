// The pymodbus server in a process of its own, for the tests that need a field device which this project did not write.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const SERVER = fileURLToPath(new URL('pymodbus_server.py', import.meta.url))
export const PYMODBUS_MAP = fileURLToPath(new URL('pymodbus-device.yaml', import.meta.url))

/** Why it cannot be used here. */
export function noPymodbus(): string | undefined {
  const found = spawnSync('/usr/bin/python3', ['-c', 'import pymodbus.server, serial_asyncio'])
  return found.status === 0 ? undefined : 'pymodbus is missing: run `bash scripts/install-test-tools.sh`'
}

/** @throws Error saying how to install it */
export function wantPymodbus(): void {
  const missing = noPymodbus()
  if (missing !== undefined) throw new Error(missing)
}

/** At a TCP port, or on a serial line. Resolves once it accepts connections, or has opened the line. */
export async function startServer(port: number | string): Promise<ChildProcess> {
  const server = spawn('/usr/bin/python3', [SERVER, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  await Promise.race([
    once(server.stdout as NodeJS.ReadableStream, 'data'),
    once(server, 'exit').then(([status]) => Promise.reject(new Error(`pymodbus_server.py ended with ${status}`))),
  ])
  return server
}

export async function kill(server: ChildProcess | undefined): Promise<void> {
  if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
  server.kill('SIGKILL')
  await once(server, 'exit')
}
