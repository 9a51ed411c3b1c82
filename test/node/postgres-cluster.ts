// A PostgreSQL server of the test's own: a new cluster in a temporary directory, on a Unix socket alone.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'

const INSTALLED = '/usr/lib/postgresql'

const binaries = (): string | undefined => {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a)) : []
  return versions.map(each => join(INSTALLED, each, 'bin')).find(each => existsSync(join(each, 'initdb')))
}

/** Why there can be none here, for the title of what is skipped. */
export const noPostgres = (): string | undefined =>
  binaries() === undefined ? `no PostgreSQL in ${INSTALLED}: bash scripts/install-test-tools.sh` : undefined

export interface Cluster {
  readonly url: string
  query(sql: string): Promise<Record<string, unknown>[]>
  /** As a power cut takes it: all at once. */
  crash(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/** @param settings lines of postgresql.conf, `name=value` */
export async function startCluster(...settings: string[]): Promise<Cluster> {
  const bin = binaries()
  if (bin === undefined) throw new Error(noPostgres())
  const dir = mkdtempSync(join(tmpdir(), 'pg-'))
  // The server refuses to run as root; Debian's package has made this user.
  const isRoot = userInfo().uid === 0
  const as = isRoot ? ['runuser', '-u', 'postgres', '--'] : []
  if (isRoot) {
    chownSync(dir, idOf('-u'), idOf('-g'))
    for (let way = tmpdir(); (statSync(way).mode & 0o001) === 0; way = dirname(way))
      chmodSync(way, statSync(way).mode | 0o001)
  }
  const data = join(dir, 'data')
  const command = (program: string, ...args: string[]): [string, string[]] => {
    const [first = '', ...rest] = [...as, join(bin, program), ...args]
    return [first, rest]
  }
  const [initdb, options] = command('initdb', '-D', data, '-U', 'feedermesh', '--auth=trust', '-E', 'UTF8', '--no-sync')
  const made = spawnSync(initdb, [...options, '--locale=C'], { encoding: 'utf8', cwd: dir })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)

  const url = `postgres:///postgres?host=${encodeURIComponent(dir)}&user=feedermesh`
  let stopServer = async (_: 'SIGINT' | 'SIGQUIT'): Promise<void> => {}

  async function query(sql: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }

  async function start(): Promise<void> {
    const set = ['listen_addresses=', `unix_socket_directories=${dir}`, 'shared_buffers=16MB', ...settings]
    const [postgres, args] = command('postgres', '-D', data, ...set.flatMap(each => ['-c', each]))
    const server = spawn(postgres, args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    server.stderr.setEncoding('utf8').on('data', text => (said += text))
    const ended = once(server, 'exit')
    stopServer = async signal => {
      const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])
      process.kill(pid, signal)
      await ended
    }
    for (let tries = 0; ; tries++) {
      try {
        await query('SELECT 1')
        return
      } catch (cause) {
        if (tries > 300 || server.exitCode !== null) throw new Error(`postgres does not start: ${said}`, { cause })
        await new Promise(resolve => setTimeout(resolve, 50))
      }
    }
  }

  await start()
  return {
    url,
    query,
    start,
    crash: () => stopServer('SIGQUIT'),
    async stop() {
      await stopServer('SIGINT')
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

const idOf = (flag: '-u' | '-g'): number =>
  Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout.trim())
