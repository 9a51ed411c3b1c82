// One socket to a Modbus TCP server, and one request on it at a time.
//
// The library keeps the unit id per socket, has no time-out of its own and leaves a request hanging when the socket
// dies. So requests wait in one queue, the unit id is set inside the turn, and every turn ends: with an answer, with an
// exception (an answer too: the device lives), or with a transport error, after which socket and client are dropped.
// The next request connects again, after a growing pause when the last attempts to connect failed.

import { Socket } from 'node:net'
import modbus from 'modbus-serial'
import type { Table } from './device-map.ts'
import { HalError } from './port.ts'

type Client = InstanceType<typeof modbus.default>

export interface ModbusBusOptions {
  readonly host: string
  readonly port: number
  /** For connecting, and for each answer. */
  readonly timeoutMs: number
}

export interface ModbusBus {
  /**
   * Registers as 0..65535, bits as 0 or 1: exactly `count` of them.
   *
   * @throws HalError HAL_REFUSED (exception), HAL_TIMEOUT, HAL_UNREACHABLE, HAL_BAD_FRAME
   */
  read(unitId: number, table: Table, address: number, count: number): Promise<number[]>
  /**
   * Writes one coil (function 5) or holding register (function 6), ahead of waiting reads.
   *
   * @throws HalError as `read`. HAL_UNREACHABLE: nothing was sent. HAL_TIMEOUT, HAL_BAD_FRAME: it may have been done.
   */
  write(unitId: number, table: 'coil' | 'holding', address: number, value: number | boolean): Promise<void>
  /** Rejects what waits and what is under way with HAL_UNREACHABLE. Idempotent. */
  close(): Promise<void>
}

/** Requests that may wait. A device slower than its polls refuses new ones at once instead of answering stale ones. */
const MAX_WAITING = 64
/** Exceptions 5 (acknowledge) and 6 (busy) ask for patience: this often, this far apart. */
const BUSY_RETRIES = 4
const BUSY_PAUSE_MS = 50
const MIN_BACK_OFF_MS = 100
const MAX_BACK_OFF_MS = 5_000

interface Turn {
  readonly what: string
  readonly writes: boolean
  readonly ask: (client: Client) => Promise<void>
  readonly fail: (error: HalError) => void
}

interface Link {
  readonly client: Client
  readonly socket: Socket
  /** Rejects when the socket closes. */
  readonly closed: Promise<never>
}

export function modbusBus({ host, port, timeoutMs }: ModbusBusOptions): ModbusBus {
  const place = `${host}:${port}`
  const waiting: Turn[] = []
  let link: Link | undefined
  let opening: Socket | undefined
  let isRunning = false
  let isClosed = false
  let failures = 0
  let notBefore = 0

  const error = (code: HalError['code'], text: string, cause?: unknown): HalError =>
    new HalError(code, `${place}: ${text}`, cause === undefined ? undefined : { cause })

  function request<T>(what: string, writes: boolean, ask: (client: Client) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (isClosed) return reject(error('HAL_UNREACHABLE', `${what}: closed`))
      if (waiting.length >= MAX_WAITING)
        return reject(error('HAL_UNREACHABLE', `${what}: ${MAX_WAITING} requests wait`))
      const turn: Turn = { what, writes, ask: async client => resolve(await ask(client)), fail: reject }
      const firstRead = waiting.findIndex(t => !t.writes)
      if (writes && firstRead !== -1) waiting.splice(firstRead, 0, turn)
      else waiting.push(turn)
      void run()
    })
  }

  async function run(): Promise<void> {
    if (isRunning) return
    isRunning = true
    for (let turn = waiting.shift(); turn !== undefined; turn = waiting.shift()) {
      try {
        await take(turn)
      } catch (cause) {
        turn.fail(cause instanceof HalError ? cause : error('HAL_BAD_FRAME', `${turn.what}: ${textOf(cause)}`, cause))
      }
    }
    isRunning = false
  }

  async function take(turn: Turn): Promise<void> {
    const open = link ?? (await connect(turn.what))
    for (let attempt = 0; ; attempt++) {
      try {
        return await Promise.race([turn.ask(open.client), open.closed])
      } catch (cause) {
        const exception = exceptionCode(cause)
        if (exception === undefined) {
          drop(open)
          throw transportError(turn, cause)
        }
        if ((exception !== 5 && exception !== 6) || attempt >= BUSY_RETRIES) {
          const code = exception === 10 || exception === 11 ? 'HAL_UNREACHABLE' : 'HAL_REFUSED'
          throw error(code, `${turn.what}: ${textOf(cause)}`, cause)
        }
        await Promise.race([pause(BUSY_PAUSE_MS), open.closed.catch(() => {})])
      }
    }
  }

  async function connect(what: string): Promise<Link> {
    if (isClosed) throw error('HAL_UNREACHABLE', `${what}: closed`)
    const wait = notBefore - performance.now()
    if (wait > 0) throw error('HAL_UNREACHABLE', `${what}: no connection, next attempt in ${Math.ceil(wait)} ms`)
    const socket = new Socket()
    opening = socket
    try {
      await connected(socket, host, port, timeoutMs)
      link = await linkOver(socket, port, timeoutMs)
    } catch (cause) {
      socket.destroy()
      failures++
      const limit = Math.min(MAX_BACK_OFF_MS, MIN_BACK_OFF_MS * 2 ** Math.min(failures - 1, 10))
      notBefore = performance.now() + limit * (0.5 + Math.random() / 2)
      throw error('HAL_UNREACHABLE', `${what}: ${textOf(cause)}`, cause)
    } finally {
      opening = undefined
    }
    const made = link
    made.closed.catch(() => drop(made))
    failures = 0
    return made
  }

  function drop(old: Link): void {
    if (link === old) link = undefined
    old.client.destroy(() => {})
    old.socket.destroy()
  }

  function transportError(turn: Turn, cause: unknown): HalError {
    if (cause instanceof HalError) return cause
    if (isClosed) return error('HAL_UNREACHABLE', `${turn.what}: closed`, cause)
    if (isTimeout(cause)) return error('HAL_TIMEOUT', `${turn.what}: no answer within ${timeoutMs} ms`, cause)
    if (cause instanceof SocketClosed) {
      return error(turn.writes ? 'HAL_TIMEOUT' : 'HAL_UNREACHABLE', `${turn.what}: closed before the answer`, cause)
    }
    return error('HAL_BAD_FRAME', `${turn.what}: ${textOf(cause)}`, cause)
  }

  return {
    read: (unitId, table, address, count) =>
      request(`unit ${unitId} ${table} ${address}..${address + count - 1}`, false, async client => {
        client.setID(unitId)
        const values = await readTable(client, table, address, count)
        if (values.length < count) throw new Error(`${values.length} values read, want ${count}`)
        return values.slice(0, count)
      }),
    write: (unitId, table, address, value) =>
      request(`unit ${unitId} write ${table} ${address} = ${Number(value)}`, true, async client => {
        client.setID(unitId)
        const echo =
          table === 'coil'
            ? await client.writeCoil(address, Boolean(value))
            : await client.writeRegister(address, Number(value))
        const written = 'state' in echo ? echo.state : echo.value
        if (echo.address !== address || Number(written) !== Number(value)) {
          throw new Error(`the device echoed ${echo.address} = ${Number(written)}`)
        }
      }),
    async close() {
      isClosed = true
      for (const turn of waiting.splice(0)) turn.fail(error('HAL_UNREACHABLE', `${turn.what}: closed`))
      opening?.destroy()
      if (link !== undefined) drop(link)
    },
  }
}

async function readTable(client: Client, table: Table, address: number, count: number): Promise<number[]> {
  switch (table) {
    case 'holding':
      return (await client.readHoldingRegisters(address, count)).data
    case 'input':
      return (await client.readInputRegisters(address, count)).data
    case 'coil':
      return (await client.readCoils(address, count)).data.map(Number)
    case 'discrete':
      return (await client.readDiscreteInputs(address, count)).data.map(Number)
  }
}

/** Internal: the peer, or `close`, ended the connection. */
class SocketClosed extends Error {}

function connected(socket: Socket, host: string, port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve()
    })
    socket.on('error', reject)
    socket.once('close', () => {
      clearTimeout(timer)
      reject(new SocketClosed('connection closed'))
    })
    socket.connect({ host, port, noDelay: true })
  })
}

async function linkOver(socket: Socket, port: number, timeoutMs: number): Promise<Link> {
  const closed = new Promise<never>((_, reject) => {
    socket.once('close', () => reject(new SocketClosed('connection closed')))
  })
  closed.catch(() => {})
  const client = new modbus.default()
  client.on('error', () => {})
  client.setTimeout(timeoutMs)
  await client.linkTCP(socket, { port })
  return { client, socket, closed }
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

function exceptionCode(cause: unknown): number | undefined {
  const code: unknown = typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'modbusCode') : undefined
  return typeof code === 'number' ? code : undefined
}

const isTimeout = (cause: unknown): boolean =>
  typeof cause === 'object' && cause !== null && Reflect.get(cause, 'errno') === 'ETIMEDOUT'

/** The library's own errors are not instances of Error. */
function textOf(cause: unknown): string {
  const message: unknown = typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'message') : cause
  return String(message)
}
