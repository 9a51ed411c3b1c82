// The peers that the mesh is measured against: mosquitto and nats-server of Debian's packages, each a process of its own
// on a free port of loopback, with a configuration and a directory of the section's. Where one is not installed, the
// section says so and goes on without it: scripts/install-bench-tools.sh installs both.

import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { alsoStop } from './child.ts'
import { freePort } from './free-port.ts'

export type BrokerKind = 'mosquitto' | 'nats'

export interface Broker {
  readonly kind: BrokerKind
  readonly port: number
  stop(): Promise<void>
}

const PROGRAMS: Readonly<Record<BrokerKind, string>> = { mosquitto: 'mosquitto', nats: 'nats-server' }
/** Debian has daemons where the PATH of an ordinary user does not look. */
const FOLDERS = ['/usr/sbin', '/usr/bin', '/usr/local/sbin', '/usr/local/bin']
const READY_WITHIN_MS = 5000
const EXIT_WITHIN_MS = 2000

/** @returns undefined when the program is not installed */
export async function startBroker(
  kind: BrokerKind,
  dir: string,
  folders: readonly string[] = [...(process.env.PATH ?? '').split(':'), ...FOLDERS],
): Promise<Broker | undefined> {
  const program = folders.map(folder => join(folder, PROGRAMS[kind])).find(isExecutable)
  if (program === undefined) return undefined
  const port = await freePort()
  const own = join(dir, kind)
  await mkdir(own, { recursive: true })
  const child = spawn(program, await argumentsFor(kind, own, port), { stdio: 'ignore' })
  const exited = new Promise<void>(resolve => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const broker: Broker = { kind, port, stop: () => end(child, exited) }
  alsoStop(broker)
  await listens(port, kind, exited)
  return broker
}

export const missing = (kind: BrokerKind): string =>
  `${kind}: not installed, so not compared (scripts/install-bench-tools.sh installs it)`

async function argumentsFor(kind: BrokerKind, own: string, port: number): Promise<string[]> {
  if (kind === 'nats') return ['-a', '127.0.0.1', '-p', String(port), '-P', join(own, 'pid')]
  const file = join(own, 'mosquitto.conf')
  // Without set_tcp_nodelay a small answer may wait for an acknowledgement: the comparison is with mosquitto at its best.
  const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'persistence false', 'set_tcp_nodelay true']
  await writeFile(file, [...lines, 'log_dest none', ''].join('\n'))
  return ['-c', file]
}

async function listens(port: number, kind: BrokerKind, exited: Promise<void>): Promise<void> {
  let isGone = false
  void exited.then(() => {
    isGone = true
  })
  const latest = performance.now() + READY_WITHIN_MS
  while (!(await answers(port))) {
    if (isGone) throw new Error(`${kind}: ended at once`)
    if (performance.now() > latest) throw new Error(`${kind}: does not listen within ${READY_WITHIN_MS} ms`)
    await sleep(20)
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

async function end(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_WITHIN_MS)
  await exited
  clearTimeout(timer)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
