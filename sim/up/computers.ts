// Computers attached to IEDs, as a scenario asks for: an HTTP server of this process, and a program that the agent starts and
// that writes into a file of the data directory. What each was told, and when, becomes an event of the run.

import { mkdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Report } from '../../src/node/component.ts'
import { nowMs } from './stage.ts'

export interface Computers {
  /** The section `hosts` of an IED's configuration. */
  hostsOf(ied: string): readonly Record<string, unknown>[]
  /** What the programs have written. */
  programsTold(): Promise<readonly { readonly ied: string; readonly report: Report }[]>
  stop(): Promise<void>
}

export const noComputers: Computers = {
  hostsOf: () => [],
  programsTold: async () => [],
  stop: async () => {},
}

/** More than a warning's body is. */
const MOST_BODY_BYTES = 4096
/** The newest lines of a program's file that are looked at. */
const MOST_LINES = 1000

/** One JSON line for each call: the words that it got, and the time of this machine's monotonic clock. */
const PROGRAM = `
  const { appendFileSync } = require('node:fs')
  const { FEEDERMESH_EVENT: what, FEEDERMESH_SEVERITY: severity, FEEDERMESH_KIND: kind,
    FEEDERMESH_TIME_LEFT_MS: timeLeftMs } = process.env
  const atMs = Number(process.hrtime.bigint()) / 1e6
  appendFileSync(process.argv[1], JSON.stringify({ atMs, what, severity, kind, timeLeftMs }) + '\\n')
`

/** @param onTold a computer got a request */
export async function startComputers(
  ieds: readonly string[],
  dataDir: string,
  onTold: (ied: string, report: Report) => void,
): Promise<Computers> {
  if (ieds.length === 0) return noComputers
  const folder = join(dataDir, 'computers')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const fileOf = (ied: string): string => join(folder, `${ied}.jsonl`)

  const server = createServer((request, response) => {
    const atMs = nowMs()
    const ied = decodeURIComponent((request.url ?? '').slice(1))
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      body += chunk
      if (body.length > MOST_BODY_BYTES) request.destroy()
    })
    request.on('end', () => {
      response.writeHead(204).end()
      const said = parsed(body)
      if (!ieds.includes(ied) || said === undefined) return
      const { event: what, ...more } = said
      onTold(ied, { ...more, ...hasTime(more), event: 'computer-told', atMs, way: 'request', what })
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo

  return {
    hostsOf: ied =>
      ieds.includes(ied)
        ? [
            { name: 'program', command: [process.execPath, '-e', PROGRAM, fileOf(ied)] },
            { name: 'server', request: { url: `http://127.0.0.1:${port}/${encodeURIComponent(ied)}` } },
          ]
        : [],
    async programsTold() {
      const told = []
      for (const ied of ieds) {
        const text = await readFile(fileOf(ied), 'utf8').catch(() => '')
        for (const line of text.split('\n').slice(-MOST_LINES)) {
          const said = parsed(line)
          if (said === undefined || typeof said.atMs !== 'number') continue
          told.push({
            ied,
            report: { ...said, ...hasTime(said), event: 'computer-told', atMs: said.atMs, way: 'command' },
          })
        }
      }
      return told
    },
    async stop() {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

/** Whether it was told so early that it can do something. */
const hasTime = ({ timeLeftMs }: Record<string, unknown>) => ({ hasTime: Number(timeLeftMs ?? 0) > 0 })

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined // a line that is not whole yet, or no words of ours
  }
}
