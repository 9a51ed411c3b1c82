// The same question and answer while one packet in twenty is lost, each way: by datagram, and by the stream alone. The losing
// is done by a forwarder of the bench's own (`lossy-path.ts`) in this process. To a TCP stream a lost segment cannot be made
// on loopback; there it is a delay of a chunk, and of all behind it, by 200 ms, the least that Linux waits before it sends a
// segment again.

import { shuffled } from './chance.ts'
import type { Child } from './child.ts'
import { freePort } from './free-port.ts'
import { FAR, type LineKind, NEAR } from './line.ts'
import { openLine, trips } from './line-pair.ts'
import { type LossyPath, lossyTcpPath, lossyUdpPath } from './lossy-path.ts'
import { issueMembers, readFeeder } from './members.ts'
import type { Section, SectionOptions, SectionResult } from './section.ts'
import { type Row, row, target } from './table.ts'

const BYTES = 100
const LOSS_SHARE = 0.05
const PACE_MS = 4
const BATCH = 25
const HOST = '127.0.0.1'
const LIMIT_MS = 15

const NAMES = {
  ask: 'protection link, by datagram',
  'ask-by-stream': 'protection link, by the stream alone',
  tcp: 'raw TCP echo',
} as const satisfies Partial<Record<LineKind, string>>
type Kind = keyof typeof NAMES

export const loss: Section = {
  title: `Round trip of ${BYTES} bytes while ${100 * LOSS_SHARE} % of the packets are lost`,
  withinMs: 120_000,
  measure,
}

async function measure({ dir, quick, chance }: SectionOptions): Promise<SectionResult> {
  await issueMembers(dir, readFeeder(), [NEAR, FAR])
  const paths = new Map<string, LossyPath>()
  try {
    const lines = new Map<Kind, Child>()
    for (const kind of Object.keys(NAMES) as Kind[]) lines.set(kind, await openThrough(kind, dir, paths, chance))
    for (const near of lines.values()) await trips(near, quick ? 50 : 300, 0)
    for (const path of paths.values()) path.set({ lossShare: LOSS_SHARE })
    const times = new Map<Kind, number[]>([...lines.keys()].map(kind => [kind, []]))
    for (let done = 0; done < (quick ? 50 : 400); done += BATCH)
      for (const [kind, near] of shuffled([...lines], chance))
        times.get(kind)?.push(...(await trips(near, BATCH, PACE_MS)).ms)

    const rows = new Map<Kind, Row>()
    for (const [kind, ms] of times) rows.set(kind, row(NAMES[kind], 'ms', ms, rows.get('ask')))
    return {
      rows: [...rows.values()],
      targets: [target('by datagram, p99', (rows.get('ask') as Row).figure.p99, LIMIT_MS, 'ms')],
      notes: [...paths].map(([what, { passed, lost }]) => `${what}: ${lost} lost of ${passed + lost}`),
    }
  } finally {
    await Promise.all([...paths.values()].map(path => path.close()))
  }
}

/** Without loss at first: connections are made, and code gets warm, as in any other section. */
async function openThrough(
  kind: Kind,
  dir: string,
  paths: Map<string, LossyPath>,
  chance: () => number,
): Promise<Child> {
  async function tcpPath(port: number): Promise<number> {
    const path = await lossyTcpPath({ target: { host: HOST, port }, chance })
    paths.set(`${NAMES[kind]}: chunks of TCP`, path)
    return path.port
  }
  async function udpPath(port: number): Promise<number> {
    const path = await lossyUdpPath({ target: { host: HOST, port }, chance })
    paths.set(`${NAMES[kind]}: datagrams`, path)
    return path.port
  }
  const common = { kind, dir, bytes: BYTES }
  const listenPort = kind === 'tcp' ? 0 : await freePort()
  const near =
    kind === 'tcp'
      ? await openLine({ ...common, through: async far => ({ ...far, port: await tcpPath(far.port) }) })
      : await openLine({
          ...common,
          via: { listenPort, tcpPort: await tcpPath(listenPort), udpPort: await udpPath(listenPort) },
        })
  return near as Child
}
