// One bus: a socket to a Modbus TCP server or gateway, or a serial line. One request on it at a time, for all its units.
//
// The library keeps the unit id per client, has no time-out of its own and leaves a request hanging when the socket dies.
// So requests wait in one queue (`turn-queue.ts` says who is next), the unit id is set inside the turn, and every turn
// ends: with an answer, with an exception (an answer too: the device lives), or with a transport error, after which a
// socket is dropped. The next request connects again, after a growing pause when the last attempts to connect failed. A
// unit that stays silent is left alone for a while (`unit-patience.ts`), so that it does not keep the others waiting.

import type { Table } from './device-map.ts'
import { type Client, ConnectionClosed, isSerial, type Link, nameOf, openLink, type Place } from './modbus-link.ts'
import { HalError } from './port.ts'
import { type Turn, turnQueue, type Urgency } from './turn-queue.ts'
import { afterSilence, type Patience, patient } from './unit-patience.ts'

export type ModbusBusOptions = Place & {
  /** For connecting, and for each answer. */
  readonly timeoutMs: number
}

export interface WriteOptions {
  /** Function 22: only these bits of the register. */
  readonly mask?: number
  /** Never sent a second time: an exception that asks for patience because it is being done counts as done. */
  readonly once?: boolean
}

export interface ModbusBus {
  /**
   * Registers as 0..65535, bits as 0 or 1: exactly `count` of them.
   *
   * @throws HalError HAL_REFUSED (exception), HAL_TIMEOUT, HAL_UNREACHABLE, HAL_BAD_FRAME
   */
  read(unitId: number, table: Table, address: number, count: number, urgency?: Urgency): Promise<number[]>
  /**
   * Writes one coil (function 5) or holding register (6, or 22 with a mask), or several registers (16), ahead of reads that
   * wait, and to a silent unit too.
   *
   * @throws HalError as `read`. HAL_UNREACHABLE: nothing was sent. HAL_TIMEOUT, HAL_BAD_FRAME: it may have been done.
   */
  write(
    unitId: number,
    table: 'coil' | 'holding',
    address: number,
    value: number | boolean | readonly number[],
    options?: WriteOptions,
  ): Promise<void>
  /** Rejects what waits and what is under way with HAL_UNREACHABLE. Idempotent. */
  close(): Promise<void>
}

/** Requests that may wait. A device slower than its polls refuses new ones at once instead of answering stale ones. */
const MAX_WAITING = 64
/** A read that waited for so many time-outs is not sent any more: who asked has asked anew since. */
const MAX_WAIT_TIMEOUTS = 4
/** Exceptions 5 (acknowledge) and 6 (busy) ask for patience: this often, this far apart. Others go in between. */
const BUSY_RETRIES = 4
const BUSY_PAUSE_MS = 50
const MIN_BACK_OFF_MS = 100
const MAX_BACK_OFF_MS = 5_000

interface Request extends Turn {
  readonly what: string
  readonly since: number
  readonly once: boolean
  attempts: number
  readonly ask: (client: Client) => Promise<void>
  readonly done: () => void
  readonly fail: (error: HalError) => void
}

export function modbusBus(options: ModbusBusOptions): ModbusBus {
  const { timeoutMs } = options
  const place = nameOf(options)
  const queue = turnQueue<Request>(MAX_WAITING)
  const patience = new Map<number, Patience>() // by unit, so at most 256
  let link: Link | undefined
  let opening: { abort(): void } | undefined
  let isRunning = false
  let isClosed = false
  let failures = 0
  let notBefore = 0
  let wake: (() => void) | undefined

  const error = (code: HalError['code'], text: string, cause?: unknown): HalError =>
    new HalError(code, `${place}: ${text}`, cause === undefined ? undefined : { cause })
  const patienceOf = (unitId: number): Patience => patience.get(unitId) ?? patient

  function request<T>(
    what: string,
    turn: Pick<Request, 'unitId' | 'urgency'> & { readonly once?: boolean },
    ask: (client: Client) => Promise<T>,
  ): Promise<T | undefined> {
    return new Promise<T | undefined>((resolve, reject) => {
      if (isClosed) return reject(error('HAL_UNREACHABLE', `${what}: closed`))
      const now = performance.now()
      const wait = patienceOf(turn.unitId).notBefore - now
      if (turn.urgency !== 'write' && wait > 0) {
        return reject(error('HAL_UNREACHABLE', `${what}: silent, asked again in ${Math.ceil(wait)} ms`))
      }
      if (!patience.has(turn.unitId)) patience.set(turn.unitId, patient)
      const gone = queue.add({
        unitId: turn.unitId,
        urgency: turn.urgency,
        what,
        since: now,
        notBefore: now,
        once: turn.once === true,
        attempts: 0,
        ask: async client => resolve(await ask(client)),
        done: () => resolve(undefined),
        fail: reject,
      })
      gone?.fail(error('HAL_UNREACHABLE', `${gone.what}: ${MAX_WAITING} requests wait`))
      wake?.()
      void run()
    })
  }

  async function run(): Promise<void> {
    if (isRunning) return
    isRunning = true
    while (queue.size > 0) {
      const turn = queue.take(performance.now())
      if (turn === undefined) await nextTurn()
      else if (waitedTooLong(turn)) {
        turn.fail(error('HAL_UNREACHABLE', `${turn.what}: not its turn within ${MAX_WAIT_TIMEOUTS * timeoutMs} ms`))
      } else {
        await take(turn).catch(cause => {
          turn.fail(cause instanceof HalError ? cause : error('HAL_BAD_FRAME', `${turn.what}: ${textOf(cause)}`, cause))
        })
      }
    }
    isRunning = false
  }

  const waitedTooLong = ({ urgency, since }: Request): boolean =>
    urgency !== 'write' && performance.now() - since > MAX_WAIT_TIMEOUTS * timeoutMs

  /** All that wait are to be patient: until the first need not be any more, or another comes. */
  function nextTurn(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(end, Math.max(1, (queue.nextAt() ?? 0) - performance.now()))
      wake = end
      function end(): void {
        clearTimeout(timer)
        wake = undefined
        resolve()
      }
    })
  }

  async function take(turn: Request): Promise<void> {
    const open = link ?? (await connect(turn.what))
    try {
      open.client.setID(turn.unitId)
      await open.ask(turn.ask)
      patience.set(turn.unitId, patient)
    } catch (cause) {
      const exception = exceptionCode(cause)
      if (exception !== undefined) return excepted(turn, exception, cause)
      const failed = transportError(turn, cause)
      if (failed.code === 'HAL_TIMEOUT') wasSilent(turn.unitId)
      // A serial line has no connection that could have died; closing it would only lose its lock.
      if (!isSerial(options) || cause instanceof ConnectionClosed) drop(open)
      throw failed
    }
  }

  function excepted(turn: Request, exception: number, cause: unknown): void {
    const isTargetSilent = exception === 10 || exception === 11
    if (isTargetSilent) wasSilent(turn.unitId)
    else patience.set(turn.unitId, patient)
    if (exception === 5 && turn.once) return turn.done()
    if ((exception === 5 || exception === 6) && turn.attempts++ < BUSY_RETRIES) {
      turn.notBefore = performance.now() + BUSY_PAUSE_MS
      const gone = queue.add(turn)
      gone?.fail(error('HAL_UNREACHABLE', `${gone.what}: ${MAX_WAITING} requests wait`))
      return
    }
    throw error(isTargetSilent ? 'HAL_UNREACHABLE' : 'HAL_REFUSED', `${turn.what}: ${textOf(cause)}`, cause)
  }

  function wasSilent(unitId: number): void {
    const line = { timeoutMs, isSerial: isSerial(options), isShared: patience.size > 1 }
    patience.set(unitId, afterSilence(patienceOf(unitId), line, performance.now()))
  }

  async function connect(what: string): Promise<Link> {
    if (isClosed) throw error('HAL_UNREACHABLE', `${what}: closed`)
    const wait = notBefore - performance.now()
    if (wait > 0) throw error('HAL_UNREACHABLE', `${what}: no connection, next attempt in ${Math.ceil(wait)} ms`)
    const attempt = openLink(options, timeoutMs)
    opening = attempt
    try {
      link = await attempt.link
    } catch (cause) {
      failures++
      const limit = Math.min(MAX_BACK_OFF_MS, MIN_BACK_OFF_MS * 2 ** Math.min(failures - 1, 10))
      notBefore = performance.now() + limit * (0.5 + Math.random() / 2)
      throw error('HAL_UNREACHABLE', `${what}: ${textOf(cause)}`, cause)
    } finally {
      opening = undefined
    }
    const made = link
    made.onClosed(() => drop(made))
    failures = 0
    return made
  }

  function drop(old: Link): void {
    if (link === old) link = undefined
    old.destroy()
  }

  function transportError(turn: Request, cause: unknown): HalError {
    if (cause instanceof HalError) return cause
    if (isClosed) return error('HAL_UNREACHABLE', `${turn.what}: closed`, cause)
    if (isTimeout(cause)) return error('HAL_TIMEOUT', `${turn.what}: no answer within ${timeoutMs} ms`, cause)
    if (cause instanceof ConnectionClosed) {
      const code = turn.urgency === 'write' ? 'HAL_TIMEOUT' : 'HAL_UNREACHABLE'
      return error(code, `${turn.what}: closed before the answer`, cause)
    }
    return error('HAL_BAD_FRAME', `${turn.what}: ${textOf(cause)}`, cause)
  }

  return {
    async read(unitId, table, address, count, urgency = 'values') {
      const what = `unit ${unitId} ${table} ${address}..${address + count - 1}`
      const values = await request(what, { unitId, urgency }, async client => {
        const read = await readTable(client, table, address, count)
        if (read.length < count) throw new Error(`${read.length} values read, want ${count}`)
        return read.length === count ? read : read.slice(0, count)
      })
      return values as number[]
    },
    async write(unitId, table, address, value, { mask, once } = {}) {
      const what = `unit ${unitId} write ${table} ${address} = ${Array.isArray(value) ? value.join(' ') : Number(value)}`
      await request(what, { unitId, urgency: 'write', ...(once === undefined ? {} : { once }) }, client =>
        typeof value === 'object'
          ? writeSeveral(client, address, value)
          : mask === undefined
            ? writeOne(client, table, address, value)
            : writeMasked(client, address, Number(value), mask),
      )
    },
    async close() {
      isClosed = true
      for (const turn of queue.drain()) turn.fail(error('HAL_UNREACHABLE', `${turn.what}: closed`))
      wake?.()
      opening?.abort()
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

async function writeOne(client: Client, table: 'coil' | 'holding', address: number, value: number | boolean) {
  const echo =
    table === 'coil'
      ? await client.writeCoil(address, Boolean(value))
      : await client.writeRegister(address, Number(value))
  const written = 'state' in echo ? echo.state : echo.value
  if (echo.address !== address || Number(written) !== Number(value)) {
    throw new Error(`the device echoed ${echo.address} = ${Number(written)}`)
  }
}

async function writeSeveral(client: Client, address: number, values: readonly number[]): Promise<void> {
  const echo = await client.writeRegisters(address, [...values])
  if (echo.address !== address || echo.length !== values.length) {
    throw new Error(`the device echoed ${echo.length} registers from ${echo.address}`)
  }
}

async function writeMasked(client: Client, address: number, value: number, mask: number): Promise<void> {
  const and = ~mask & 0xffff
  const echo = await client.maskWriteRegister(address, and, value)
  if (echo.address !== address || echo.andMask !== and || echo.orMask !== value) {
    throw new Error(`the device echoed ${echo.address} and ${echo.andMask} or ${echo.orMask}`)
  }
}

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
