// One bus: a socket to a Modbus TCP server or gateway, or a serial line. One request on it at a time, for all its units.
//
// Requests wait in one queue (`turn-queue.ts` says who is next), and every turn ends: with an answer, with an exception (an answer too: the device lives), or with a transport error, after which a
// socket is dropped. The next request connects again, after a growing pause when the last attempts to connect failed. A
// unit that stays silent is left alone for a while (`unit-patience.ts`), so that it does not keep the others waiting.

import type { Table } from './device-map.ts'
import {
  AnswerLate,
  type Client,
  ConnectionClosed,
  type Done,
  isSerial,
  type Link,
  nameOf,
  openLink,
  type Place,
} from './modbus-link.ts'
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
  readonly what: () => string
  readonly since: number
  readonly once: boolean
  attempts: number
  readonly send: (client: Client, done: Done) => void
  readonly done: (values?: number[]) => void
  readonly fail: (error: HalError) => void
}

export function modbusBus(options: ModbusBusOptions): ModbusBus {
  const { timeoutMs } = options
  const place = nameOf(options)
  const queue = turnQueue<Request>(MAX_WAITING)
  const patience = new Map<number, Patience>() // by unit, so at most 256
  let link: Link | undefined
  let opening: { abort(): void } | undefined
  /** Whose turn it is. */
  let current: Request | undefined
  let isGoingOn = false
  let isClosed = false
  let failures = 0
  let notBefore = 0
  let wake: NodeJS.Timeout | undefined

  const error = (code: HalError['code'], text: string, cause?: unknown): HalError =>
    new HalError(code, `${place}: ${text}`, cause === undefined ? undefined : { cause })
  const patienceOf = (unitId: number): Patience => patience.get(unitId) ?? patient

  function request(turn: Pick<Request, 'unitId' | 'urgency' | 'what' | 'once' | 'send' | 'done' | 'fail'>): void {
    const { unitId, urgency, what, once, send, done, fail } = turn
    if (isClosed) return fail(error('HAL_UNREACHABLE', `${what()}: closed`))
    const now = performance.now()
    const wait = patienceOf(unitId).notBefore - now
    if (urgency !== 'write' && wait > 0) {
      return fail(error('HAL_UNREACHABLE', `${what()}: silent, asked again in ${Math.ceil(wait)} ms`))
    }
    if (!patience.has(unitId)) patience.set(unitId, patient)
    add({ unitId, urgency, what, once, send, done, fail, since: now, notBefore: now, attempts: 0 })
    goOn()
  }

  function add(turn: Request): void {
    const gone = queue.add(turn)
    gone?.fail(error('HAL_UNREACHABLE', `${gone.what()}: ${MAX_WAITING} requests wait`))
  }

  /** Gives turns until one is under way. Called within itself, by a turn that ended at once, it leaves that to the first call. */
  function goOn(): void {
    if (isGoingOn) return
    isGoingOn = true
    clearTimeout(wake)
    while (current === undefined && queue.size > 0) {
      const turn = queue.take(performance.now())
      if (turn === undefined) {
        // All that wait are to be patient: until the first need not be any more, or another comes.
        wake = setTimeout(goOn, Math.max(1, (queue.nextAt() ?? 0) - performance.now()))
        break
      }
      if (waitedTooLong(turn)) {
        turn.fail(error('HAL_UNREACHABLE', `${turn.what()}: not its turn within ${MAX_WAIT_TIMEOUTS * timeoutMs} ms`))
        continue
      }
      current = turn
      if (link !== undefined) ask(link, turn)
      else void connect(turn)
    }
    isGoingOn = false
  }

  const waitedTooLong = ({ urgency, since }: Request): boolean =>
    urgency !== 'write' && performance.now() - since > MAX_WAIT_TIMEOUTS * timeoutMs

  function ask(open: Link, turn: Request): void {
    open.ask(turn.send, (cause, values) => {
      current = undefined
      if (cause === undefined) {
        patience.set(turn.unitId, patient)
        turn.done(values)
      } else failed(open, turn, cause)
      goOn()
    })
  }

  function failed(open: Link, turn: Request, cause: unknown): void {
    const exception = exceptionCode(cause)
    if (exception !== undefined) return excepted(turn, exception, cause)
    const failure = transportError(turn, cause)
    if (failure.code === 'HAL_TIMEOUT') wasSilent(turn.unitId)
    // A serial line has no connection that could have died; closing it would only lose its lock.
    if (!isSerial(options) || cause instanceof ConnectionClosed) drop(open)
    turn.fail(failure)
  }

  function excepted(turn: Request, exception: number, cause: unknown): void {
    const isTargetSilent = exception === 10 || exception === 11
    if (isTargetSilent) wasSilent(turn.unitId)
    else patience.set(turn.unitId, patient)
    if (exception === 5 && turn.once) return turn.done()
    if ((exception === 5 || exception === 6) && turn.attempts++ < BUSY_RETRIES) {
      turn.notBefore = performance.now() + BUSY_PAUSE_MS
      return add(turn)
    }
    turn.fail(error(isTargetSilent ? 'HAL_UNREACHABLE' : 'HAL_REFUSED', `${turn.what()}: ${textOf(cause)}`, cause))
  }

  function wasSilent(unitId: number): void {
    const line = { timeoutMs, isSerial: isSerial(options), isShared: patience.size > 1 }
    patience.set(unitId, afterSilence(patienceOf(unitId), line, performance.now()))
  }

  async function connect(turn: Request): Promise<void> {
    let made: Link
    try {
      made = await connected(turn)
    } catch (cause) {
      current = undefined
      turn.fail(cause instanceof HalError ? cause : error('HAL_UNREACHABLE', `${turn.what()}: ${textOf(cause)}`, cause))
      return goOn()
    }
    ask(made, turn)
  }

  async function connected({ what }: Request): Promise<Link> {
    if (isClosed) throw error('HAL_UNREACHABLE', `${what()}: closed`)
    const wait = notBefore - performance.now()
    if (wait > 0) throw error('HAL_UNREACHABLE', `${what()}: no connection, next attempt in ${Math.ceil(wait)} ms`)
    const attempt = openLink(options, timeoutMs)
    opening = attempt
    try {
      const made = await attempt.link
      link = made
      made.onClosed(() => drop(made))
      failures = 0
      return made
    } catch (cause) {
      failures++
      const limit = Math.min(MAX_BACK_OFF_MS, MIN_BACK_OFF_MS * 2 ** Math.min(failures - 1, 10))
      notBefore = performance.now() + limit * (0.5 + Math.random() / 2)
      throw cause
    } finally {
      opening = undefined
    }
  }

  function drop(old: Link): void {
    if (link === old) link = undefined
    old.destroy()
  }

  function transportError(turn: Request, cause: unknown): HalError {
    if (cause instanceof HalError) return cause
    if (isClosed) return error('HAL_UNREACHABLE', `${turn.what()}: closed`, cause)
    if (cause instanceof AnswerLate)
      return error('HAL_TIMEOUT', `${turn.what()}: no answer within ${timeoutMs} ms`, cause)
    if (isNotSent(cause)) return error('HAL_UNREACHABLE', `${turn.what()}: the other end is closing`, cause)
    if (cause instanceof ConnectionClosed) {
      const code = turn.urgency === 'write' ? 'HAL_TIMEOUT' : 'HAL_UNREACHABLE'
      return error(code, `${turn.what()}: closed before the answer`, cause)
    }
    return error('HAL_BAD_FRAME', `${turn.what()}: ${textOf(cause)}`, cause)
  }

  return {
    read: (unitId, table, address, count, urgency = 'values') =>
      new Promise((resolve, reject) => {
        request({
          unitId,
          urgency,
          once: false,
          what: () => `unit ${unitId} ${table} ${address}..${address + count - 1}`,
          send: (client, done) => readTable(client, unitId, table, address, count, done),
          done: (values = []) => resolve(values),
          fail: reject,
        })
      }),
    write: (unitId, table, address, value, { mask, once = false } = {}) =>
      new Promise((resolve, reject) => {
        request({
          unitId,
          urgency: 'write',
          once,
          what: () =>
            `unit ${unitId} write ${table} ${address} = ${typeof value === 'object' ? value.join(' ') : Number(value)}`,
          send: (client, done) => {
            if (typeof value === 'object') writeSeveral(client, unitId, address, value, done)
            else if (mask === undefined) writeOne(client, unitId, table, address, value, done)
            else writeMasked(client, unitId, address, Number(value), mask, done)
          },
          done: () => resolve(),
          fail: reject,
        })
      }),
    async close() {
      isClosed = true
      clearTimeout(wake)
      for (const turn of queue.drain()) turn.fail(error('HAL_UNREACHABLE', `${turn.what()}: closed`))
      opening?.abort()
      if (link !== undefined) drop(link)
    },
  }
}

function readTable(client: Client, unitId: number, table: Table, address: number, count: number, done: Done): void {
  const read = (error: unknown, answer?: { readonly data: readonly (number | boolean)[] }): void => {
    if (error || answer === undefined) return done(error ?? new Error('no answer'))
    const { data } = answer
    if (data.length < count) return done(new Error(`${data.length} values read, want ${count}`))
    done(undefined, numbers(data, count))
  }
  switch (table) {
    case 'holding':
      return client.writeFC3(unitId, address, count, read)
    case 'input':
      return client.writeFC4(unitId, address, count, read)
    case 'coil':
      return client.writeFC1(unitId, address, count, read)
    case 'discrete':
      return client.writeFC2(unitId, address, count, read)
  }
}

/** Bits come in whole bytes. */
const numbers = (data: readonly (number | boolean)[], count: number): number[] =>
  typeof data[0] === 'number' ? (data as number[]) : data.slice(0, count).map(Number)

function writeOne(
  client: Client,
  unitId: number,
  table: 'coil' | 'holding',
  address: number,
  value: number | boolean,
  done: Done,
): void {
  const check = (error: unknown, at?: number, written?: number | boolean): void =>
    done(
      error ??
        (at === address && Number(written) === Number(value)
          ? undefined
          : new Error(`the device echoed ${at} = ${Number(written)}`)),
    )
  if (table === 'coil')
    client.writeFC5(unitId, address, Boolean(value), (e, echo) => check(e, echo?.address, echo?.state))
  else client.writeFC6(unitId, address, Number(value), (e, echo) => check(e, echo?.address, echo?.value))
}

function writeSeveral(client: Client, unitId: number, address: number, values: readonly number[], done: Done): void {
  client.writeFC16(unitId, address, [...values], (error: unknown, echo) => {
    const isTrue = echo?.address === address && echo.length === values.length
    done(error ?? (isTrue ? undefined : new Error(`the device echoed ${echo?.length} registers from ${echo?.address}`)))
  })
}

function writeMasked(client: Client, unitId: number, address: number, value: number, mask: number, done: Done): void {
  const and = ~mask & 0xffff
  client.writeFC22(unitId, address, and, value, (error: unknown, echo) => {
    const isTrue = echo?.address === address && echo.andMask === and && echo.orMask === value
    done(
      error ??
        (isTrue ? undefined : new Error(`the device echoed ${echo?.address} and ${echo?.andMask} or ${echo?.orMask}`)),
    )
  })
}

function exceptionCode(cause: unknown): number | undefined {
  const code: unknown = typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'modbusCode') : undefined
  return typeof code === 'number' ? code : undefined
}

/** The library's word for a port that takes nothing any more. */
const isNotSent = (cause: unknown): boolean =>
  typeof cause === 'object' && cause !== null && Reflect.get(cause, 'name') === 'PortNotOpenError'

/** The library's own errors are not instances of Error. */
function textOf(cause: unknown): string {
  const message: unknown = typeof cause === 'object' && cause !== null ? Reflect.get(cause, 'message') : cause
  return String(message)
}
