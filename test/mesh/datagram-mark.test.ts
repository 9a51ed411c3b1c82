// The mark on the packets, as their receiver's kernel sees it. Node cannot read it; Python can.

import { spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { EXPEDITED } from '../../src/mesh/datagram-mark.ts'
import { type DatagramSockets, openDatagramSockets } from '../../src/mesh/datagram-socket.ts'
import { until } from './real-links.ts'

const RECEIVER = `
import socket, sys
v6 = sys.argv[1] == '::1'
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
if v6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, 1)
else: s.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
s.bind((sys.argv[1], 0))
print(s.getsockname()[1], flush=True)
while True:
    data, control, flags, addr = s.recvmsg(100, 100)
    print(data.decode(), int.from_bytes(control[0][2][:4], 'little') & 255, flush=True)
`

const hasPython = spawnSync('python3', ['-c', 'import socket']).status === 0
const hasKoffi = await import('koffi').then(
  () => true,
  () => false,
)
const hasIp6 =
  spawnSync('python3', ['-c', "import socket; socket.socket(socket.AF_INET6).bind(('::1', 0))"]).status === 0
const missing =
  process.platform !== 'linux' ? 'not Linux' : !hasPython ? 'no python3' : !hasKoffi ? 'no koffi module' : undefined
const because = (reason: string | undefined): string => (reason === undefined ? '' : ` (skipped: ${reason})`)

async function received(address: string, isMarked: boolean): Promise<string[]> {
  const receiver = spawn('python3', ['-c', RECEIVER, address])
  const lines: string[] = []
  createInterface({ input: receiver.stdout }).on('line', line => lines.push(line))
  let sockets: DatagramSockets | undefined
  try {
    await until('python listens', () => lines.length > 0)
    const opened = await openDatagramSockets({
      places: [{ address, port: 0 }],
      isMarked,
      receive: () => {},
      log: () => {},
    })
    sockets = opened
    await until('marked', () => opened.marked === isMarked)
    opened.send(Buffer.from('trip'), 0, address, Number(lines[0]))
    await until('received', () => lines.length > 1)
    return lines.slice(1)
  } finally {
    sockets?.close()
    receiver.kill()
  }
}

describe('datagrams', () => {
  it.skipIf(missing)(`arrive marked as Expedited Forwarding over IPv4${because(missing)}`, async () => {
    expect(await received('127.0.0.1', true)).toEqual([`trip ${EXPEDITED}`])
  })
  const missing6 = missing ?? (hasIp6 ? undefined : 'no IPv6 here')
  it.skipIf(missing6)(`arrive marked over IPv6${because(missing6)}`, async () => {
    expect(await received('::1', true)).toEqual([`trip ${EXPEDITED}`])
  })
  it.skipIf(missing)(`arrive unmarked when no mark is wanted${because(missing)}`, async () => {
    expect(await received('127.0.0.1', false)).toEqual(['trip 0'])
  })
})
