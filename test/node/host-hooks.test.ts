// Attached computers are told of warnings: by real processes and a real HTTP server on the loopback.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HostConfig, hostsSchema } from '../../src/node/host-config.ts'
import { type HostHooks, type HostWord, hostHooks } from '../../src/node/host-hooks.ts'
import type { Severity, WarningKind } from '../../src/protection/messages.ts'
import { instant } from '../../topology/units.ts'

type Reported = { readonly event: string } & Record<string, unknown>

let directory = ''
let hooks: HostHooks | undefined
const reports: Reported[] = []
const clock = { now: () => instant(performance.now()) }

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'feedermesh-hosts-'))
  reports.length = 0
})
afterEach(async () => {
  await hooks?.stop()
  rmSync(directory, { recursive: true, force: true })
})

function hooksOf(...hosts: unknown[]): HostHooks {
  const report = (event: string, fields: Record<string, unknown> = {}): void => void reports.push({ event, ...fields })
  hooks = hostHooks(hostsSchema.parse(hosts) as HostConfig[], { clock, report } as never)
  return hooks
}

const warning = (more: Partial<Extract<HostWord, { event: 'warning' }>> = {}): HostWord => ({
  event: 'warning',
  severity: 'catastrophic',
  kind: 'trip',
  at: clock.now(),
  ...more,
})

async function until(what: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !what(); await new Promise(resolve => setTimeout(resolve, 10))) {
    if (Date.now() > end) throw new Error(`never: ${what}; ${JSON.stringify(reports)}`)
  }
}
const told = (): Reported[] => reports.filter(({ event }) => event === 'host-told')

/** A program of the test's own, which appends its environment and arguments to a file as JSON. */
function program(body: string): string[] {
  const path = join(directory, 'program.mjs')
  writeFileSync(path, `import { appendFileSync } from 'node:fs'\n${body}\n`)
  return [process.execPath, path]
}
const NOTES = `appendFileSync(process.argv[2], JSON.stringify({ env: process.env, argv: process.argv.slice(3) }) + '\\n')`
const notes = (): { env: Record<string, string>; argv: string[] }[] =>
  readFileSync(join(directory, 'notes'), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

describe('a host that is told by a command', () => {
  it('runs it with the time left and the severity, and at the all-clear', async () => {
    const { tell } = hooksOf({ name: 'server', command: [...program(NOTES), join(directory, 'notes'), '--now'] })
    tell(warning({ arrivesInMs: 5000, lastsMs: 2000 }))
    await until(() => told().length === 1)
    tell({ event: 'all-clear' })
    await until(() => told().length === 2)
    const [first, second] = notes()
    expect(first?.argv).toEqual(['--now'])
    expect(first?.env).toMatchObject({
      FEEDERMESH_EVENT: 'warning',
      FEEDERMESH_SEVERITY: 'catastrophic',
      FEEDERMESH_KIND: 'trip',
      FEEDERMESH_LASTS_MS: '2000',
    })
    expect(Number(first?.env.FEEDERMESH_TIME_LEFT_MS)).toBeGreaterThan(3000)
    expect(Number(first?.env.FEEDERMESH_TIME_LEFT_MS)).toBeLessThanOrEqual(5000)
    expect(second?.env).toMatchObject({ FEEDERMESH_EVENT: 'all-clear' })
    expect(second?.env.FEEDERMESH_SEVERITY).toBeUndefined()
  })

  it('hands it nothing of the agent’s own environment', async () => {
    process.env.FEEDERMESH_TEST_SECRET = 'open sesame'
    try {
      const { tell } = hooksOf({ name: 'server', command: [...program(NOTES), join(directory, 'notes')] })
      tell(warning())
      await until(() => told().length === 1)
      const mine = Object.keys(notes()[0]?.env ?? {}).filter(key => key !== '__CF_USER_TEXT_ENCODING')
      expect(mine.sort()).toEqual([
        'FEEDERMESH_EVENT',
        'FEEDERMESH_KIND',
        'FEEDERMESH_SEVERITY',
        'FEEDERMESH_TIME_LEFT_MS',
        'PATH',
      ])
    } finally {
      delete process.env.FEEDERMESH_TEST_SECRET
    }
  })

  it('passes on no word that is not of its own lists, whatever it is handed', async () => {
    const { tell } = hooksOf({ name: 'server', command: [...program(NOTES), join(directory, 'notes')] })
    const evil = '$(touch /tmp/x); `id`\nX: y'
    tell(
      warning({
        severity: evil as Severity,
        kind: evil as WarningKind,
        arrivesInMs: evil as never,
        lastsMs: Number.NaN,
      }),
    )
    await until(() => told().length === 1)
    expect(JSON.stringify(notes())).not.toContain('touch')
    expect(notes()[0]?.env).toMatchObject({
      FEEDERMESH_SEVERITY: 'catastrophic',
      FEEDERMESH_KIND: 'sag',
      FEEDERMESH_TIME_LEFT_MS: '0',
      FEEDERMESH_LASTS_MS: '0',
    })
  })

  it('counts its output and keeps none', async () => {
    const { tell } = hooksOf({ name: 'server', command: program(`process.stdout.write('x'.repeat(200000))`) })
    tell(warning())
    await until(() => told().length === 1)
    expect(told()[0]?.outputBytes).toBe(200_000)
    expect(JSON.stringify(reports)).not.toContain('xxx')
  })

  it('ends one that takes too long, with what it has started, and says so', async () => {
    const body = `import { spawn } from 'node:child_process'
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
      appendFileSync(process.argv[2], String(child.pid))
      setInterval(() => {}, 1000)`
    const { tell } = hooksOf({
      name: 'server',
      command: [...program(body), join(directory, 'pid')],
      timeoutSeconds: 1.5,
    })
    tell(warning())
    await until(() => reports.length > 0)
    expect(reports[0]).toMatchObject({
      event: 'alarm',
      alarm: 'host-not-told',
      name: 'server',
      reason: 'not done in 1.5 s',
    })
    const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'))
    const isGone = (): boolean => {
      try {
        // A zombie that nobody has fetched yet is no process any more.
        return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
      } catch {
        return true
      }
    }
    await until(isGone)
  })

  it('runs one at a time, and of what comes meanwhile the newest alone', async () => {
    const slow = `${NOTES}\nawait new Promise(resolve => setTimeout(resolve, 600))`
    const { tell } = hooksOf({ name: 'server', command: [...program(slow), join(directory, 'notes')] })
    for (let count = 0; count < 50; count++) tell(warning())
    tell({ event: 'all-clear' })
    await until(() => told().length === 2)
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(notes().map(({ env }) => env.FEEDERMESH_EVENT)).toEqual(['warning', 'all-clear'])
  })

  it('says when it cannot be run, or failed', async () => {
    const { tell } = hooksOf(
      { name: 'missing', command: ['/nonexistent/program'] },
      { name: 'fails', command: program('process.exit(3)') },
    )
    tell(warning())
    await until(() => reports.length === 2)
    expect(Object.fromEntries(reports.map(({ name, reason }) => [name, reason]))).toEqual({
      missing: '/nonexistent/program: ENOENT',
      fails: 'ended with 3',
    })
  })

  it('is told of the severities that it wants', async () => {
    const { tell } = hooksOf({
      name: 'server',
      command: [...program(NOTES), join(directory, 'notes')],
      from: 'catastrophic',
    })
    tell(warning({ severity: 'severe' }))
    tell({ event: 'all-clear' })
    tell(warning())
    await until(() => told().length === 1)
    expect(notes()).toHaveLength(1)
  })
})

describe('a host that is told by a request', () => {
  const requests: { method: string; url: string; headers: IncomingHttpHeaders; body: string }[] = []
  let answer: { status: number; headers?: Record<string, string>; delayMs?: number } = { status: 204 }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
      const { status, headers = {}, delayMs = 0 } = answer
      setTimeout(() => response.writeHead(status, headers).end(status === 200 ? 'thanks' : ''), delayMs)
    })
  })
  let base = ''
  beforeEach(async () => {
    requests.length = 0
    answer = { status: 200 }
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })

  it('gets the configured request with a body of fixed words and numbers', async () => {
    const request = { url: `${base}/warned?site=7`, headers: { authorization: 'Bearer local' } }
    hooksOf({ name: 'plc', request }).tell(warning({ severity: 'severe', kind: 'sag', arrivesInMs: 800.4 }))
    await until(() => told().length === 1)
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({ method: 'POST', url: '/warned?site=7' })
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Bearer local', 'content-type': 'application/json' })
    const { timeLeftMs, ...rest } = JSON.parse(requests[0]?.body ?? '')
    expect(rest).toEqual({ event: 'warning', severity: 'severe', kind: 'sag' })
    expect(timeLeftMs).toBeLessThanOrEqual(800)
    expect(Number.isInteger(timeLeftMs)).toBe(true)
    expect(told()[0]).toMatchObject({ name: 'plc', what: 'warning', outputBytes: 6 })
  })

  it('is not followed elsewhere, nor asked twice', async () => {
    answer = { status: 302, headers: { location: `${base}/elsewhere` } }
    hooksOf({ name: 'plc', request: { url: `${base}/warned` } }).tell(warning())
    await until(() => reports.length === 1)
    expect(reports[0]).toMatchObject({ event: 'alarm', reason: 'answered 302' })
    expect(requests).toHaveLength(1)
  })

  it('that does not answer in time is given up', async () => {
    answer = { status: 200, delayMs: 60_000 }
    hooksOf({ name: 'plc', request: { url: base }, timeoutSeconds: 0.3 }).tell(warning())
    await until(() => reports.length === 1)
    expect(reports[0]).toMatchObject({ event: 'alarm', alarm: 'host-not-told', reason: 'not done in 0.3 s' })
  })
})

describe('the configuration of hosts', () => {
  const cases = [
    { it: 'takes a program by its absolute path', host: { command: ['/bin/true', '-x'] }, reads: true },
    { it: 'wants no name that a path is searched for', host: { command: ['shutdown'] }, reads: false },
    { it: 'wants a command or a request', host: {}, reads: false },
    { it: 'wants one of them', host: { command: ['/bin/true'], request: { url: 'http://a/' } }, reads: false },
    { it: 'takes http and https alone', host: { request: { url: 'file:///etc/passwd' } }, reads: false },
    {
      it: 'wants no line break in a header',
      host: { request: { url: 'http://a/', headers: { a: 'b\nc: d' } } },
      reads: false,
    },
  ]
  for (const { it: does, host, reads } of cases) {
    it(does, () => expect(hostsSchema.safeParse([{ name: 'h', ...host }]).success).toBe(reads))
  }
})
