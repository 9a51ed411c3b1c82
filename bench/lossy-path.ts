// A bad path on loopback for tests and benchmarks, where the kernel's netem is not to be had: a forwarder that loses,
// delays, limits the rate, and can be cut. One for UDP, which stands for a NAT as well: the far end sees an address of
// the forwarder's. One for TCP, to which a lost segment is a delay: it and all behind it wait for the retransmission.
// Several paths may share one line, whose bytes then queue behind each other.

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { hrtime } from 'node:process'

export interface PathOptions {
  /** Of the datagrams or segments, 0 to 1, each way. */
  readonly lossShare: number
  /** Each way. */
  readonly delayMs: number
  readonly isCut: boolean
  /** How long TCP waits until it sends a lost segment again. Linux: at least 200 ms. */
  readonly retransmitMs: number
}

export interface Line {
  /** @returns when `bytes` that come now have passed, monotonic ms; undefined when the queue is full */
  pass(bytes: number): number | undefined
}

export interface LossyPath {
  readonly port: number
  readonly passed: number
  readonly lost: number
  set(options: Partial<PathOptions>): void
  close(): Promise<void>
}

export interface LossyPathOptions extends Partial<PathOptions> {
  readonly target: { readonly host: string; readonly port: number }
  /** Uniform from 0 to below 1, from a seed. */
  readonly chance: () => number
  readonly line?: Line
  readonly host?: string
}

const DEFAULTS: PathOptions = { lossShare: 0, delayMs: 0, isCut: false, retransmitMs: 200 }
const now = (): number => Number(hrtime.bigint()) / 1e6
/** As a router's would be: what does not fit is dropped. */
const QUEUE_MS = 2000

/** One line for all the paths that are given it. */
export function line(bytesPerSecond: number): Line {
  let freeAt = 0
  return {
    pass(bytes) {
      const begins = Math.max(freeAt, now())
      if (begins - now() > QUEUE_MS) return undefined
      freeAt = begins + (bytes * 1000) / bytesPerSecond
      return freeAt
    },
  }
}

function after(at: number, run: () => void): void {
  const wait = at - now()
  if (wait <= 0) run()
  else setTimeout(run, wait)
}

export async function lossyUdpPath(given: LossyPathOptions): Promise<LossyPath> {
  const { target, chance, line: shared, host = '127.0.0.1' } = given
  let options: PathOptions = { ...DEFAULTS, ...given }
  let passed = 0
  let lost = 0
  let isClosed = false
  const near = await bound(host)
  /** Each client has an address of its own on the far side. */
  const far = new Map<string, Promise<UdpSocket>>()

  function carry(bytes: Buffer, deliver: () => void): void {
    const isLost = options.isCut || (options.lossShare > 0 && chance() < options.lossShare)
    const at = isLost ? undefined : shared === undefined ? now() : shared.pass(bytes.length)
    if (at === undefined) return void lost++
    passed++
    const end = at + options.delayMs
    after(end, () => !isClosed && deliver())
  }

  function farFor({ address, port }: RemoteInfo): Promise<UdpSocket> {
    const key = `${address} ${port}`
    const known = far.get(key)
    if (known !== undefined) return known
    const fresh = bound(host).then(socket => {
      socket.on('message', bytes => carry(bytes, () => near.send(bytes, port, address)))
      return socket
    })
    far.set(key, fresh)
    return fresh
  }

  near.on('message', (bytes, from) => {
    const sent = farFor(from)
    carry(bytes, () => void sent.then(socket => !isClosed && socket.send(bytes, target.port, target.host)))
  })

  return {
    port: near.address().port,
    get passed() {
      return passed
    },
    get lost() {
      return lost
    },
    set(next) {
      options = { ...options, ...next }
    },
    async close() {
      isClosed = true
      near.close()
      for (const socket of await Promise.all(far.values())) socket.close()
    },
  }
}

export async function lossyTcpPath(given: LossyPathOptions): Promise<LossyPath> {
  const { target, chance, line: shared, host = '127.0.0.1' } = given
  let options: PathOptions = { ...DEFAULTS, ...given }
  let passed = 0
  let lost = 0
  const open = new Set<Socket>()
  /** What waits for the cut to end, in order. */
  let waiting: (() => void)[] = []

  function pipe(from: Socket, to: Socket): void {
    // Bytes of one direction never overtake each other.
    const queue: { readonly at: number; readonly deliver: () => void }[] = []
    let lastAt = 0
    let isPumping = false
    const pump = (): void => {
      const next = queue[0]
      isPumping = next !== undefined
      if (next === undefined) return
      const wait = next.at - now()
      if (wait > 0) return void setTimeout(pump, wait)
      queue.shift()
      next.deliver()
      pump()
    }
    const carry = (bytes: number, deliver: () => void): void => {
      if (options.isCut) return void waiting.push(() => carry(bytes, deliver))
      let at = Math.max(lastAt, shared?.pass(bytes) ?? now())
      // A chunk stands for a segment.
      if (options.lossShare > 0 && chance() < options.lossShare) {
        lost++
        at += options.retransmitMs
      } else passed++
      lastAt = at
      queue.push({ at: at + options.delayMs, deliver })
      if (!isPumping) pump()
    }
    from.on('data', chunk => carry(chunk.length, () => to.writable && to.write(chunk)))
    from.on('end', () => carry(0, () => to.end()))
    from.on('error', () => to.destroy())
    from.on('close', () => open.delete(from))
  }

  const server = createServer({ noDelay: true, allowHalfOpen: true }, near => {
    const far = connect({ ...target, noDelay: true, allowHalfOpen: true })
    open.add(near).add(far)
    pipe(near, far)
    pipe(far, near)
  })
  await new Promise<void>(resolve => server.listen(0, host, resolve))

  return {
    port: (server.address() as AddressInfo).port,
    get passed() {
      return passed
    },
    get lost() {
      return lost
    },
    set(next) {
      options = { ...options, ...next }
      if (options.isCut) return
      const late = waiting
      waiting = []
      for (const each of late) each()
    },
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function bound(host: string): Promise<UdpSocket> {
  return new Promise(resolve => {
    const socket = createSocket('udp4')
    socket.on('error', () => {})
    socket.bind(0, host, () => resolve(socket))
  })
}
