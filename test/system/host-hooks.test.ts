// A warning on real agents with real devices: an attached computer is told by a process of the warned IED, another one by a
// request of its organisation's back-end peer, to which the IED passes the warning on.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningFeeder, startFeeder, until } from './feeder-in-process.ts'

const SECTION = 's692-675'
const IED = 'meter-675'
const BACK_END = 'customer-backend'

const directory = mkdtempSync(join(tmpdir(), 'feedermesh-hosts-'))
const notesFile = join(directory, 'notes')
const bodies: Record<string, unknown>[] = []
const server = createServer((request, response) => {
  let body = ''
  request.on('data', chunk => {
    body += chunk
  })
  request.on('end', () => {
    bodies.push(JSON.parse(body))
    response.writeHead(204).end()
  })
})
let running: RunningFeeder

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const program = join(directory, 'program.mjs')
  writeFileSync(
    program,
    `import { appendFileSync } from 'node:fs'
     const { FEEDERMESH_EVENT, FEEDERMESH_SEVERITY, FEEDERMESH_TIME_LEFT_MS } = process.env
     appendFileSync(process.argv[2], [FEEDERMESH_EVENT, FEEDERMESH_SEVERITY, FEEDERMESH_TIME_LEFT_MS].join(' ') + '\\n')`,
  )
  running = await startFeeder({
    backEnds: true,
    only: new Set(['relay-650', 'recloser-632', 'recloser-675', 'switch-692', IED, BACK_END]),
    more: {
      [IED]: `
earlyWarning: { rules: [{ do: [shed, hosts] }], backEnds: [${BACK_END}] }
hosts: [{ name: computer, command: [${process.execPath}, ${program}, ${notesFile}] }]
`,
      [BACK_END]: `
hosts: [{ name: plant, request: { url: "http://127.0.0.1:${port}/" } }]
`,
    },
  })
})
afterAll(async () => {
  await running?.stop()
  server.closeAllConnections()
  await new Promise(resolve => server.close(resolve))
  rmSync(directory, { recursive: true, force: true })
})

const reported = (ied: string, event: string): Record<string, unknown>[] =>
  running.reports.flatMap(each => (each.ied === ied && each.report.event === event ? [each.report] : []))
const notes = (): string[] => {
  try {
    return readFileSync(notesFile, 'utf8').trim().split('\n')
  } catch {
    return []
  }
}

describe('a warned IED', () => {
  it('sheds, has its computer told, and its back end tells another one; both hear of the end', async () => {
    // Until all have met nobody is warned: the disturbance is made again.
    for (let tries = 0; tries < 10 && reported(BACK_END, 'host-told').length === 0; tries++) {
      running.devices.disturb({ section: SECTION, residualPu: 0.2 })
      await until('somebody is told', () => reported(BACK_END, 'host-told').length > 0, 500).catch(() => {})
      running.devices.clearDisturbance(SECTION)
      await until('it is over', () => reported(IED, 'warned').length === reported(IED, 'warning-ended').length, 10_000)
    }
    await until('the computer hears the all-clear', () => notes().at(-1)?.startsWith('all-clear') === true, 5000)
    await until('the other one does', () => bodies.at(-1)?.event === 'all-clear', 5000)
    const [first = ''] = notes()
    expect(first).toMatch(/^warning catastrophic \d+$/)
    expect(bodies[0]).toMatchObject({ event: 'warning', severity: 'catastrophic' })
    expect(Object.keys(bodies[0] ?? {}).sort()).toEqual(
      expect.arrayContaining(['event', 'kind', 'severity', 'timeLeftMs']),
    )
    expect(reported(IED, 'warned')[0]).toMatchObject({ reaction: 'shed+hosts' })
    const [warned] = reported(IED, 'warned')
    const passed = reported(BACK_END, 'warning-passed-on').map(({ id, ied }) => `${ied} ${id}`)
    expect(passed.length).toBeGreaterThan(0)
    expect(passed.every(each => each.startsWith(`${IED} ${String(warned?.origin)}/`))).toBe(true)
    await until(
      'what was shed is back',
      () => {
        const operated = reported(IED, 'operated').map(({ operation }) => operation)
        return operated.includes('shed') && operated.at(-1) === 'restore'
      },
      10_000,
    )
  })
})
