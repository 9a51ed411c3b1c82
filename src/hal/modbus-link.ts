// A connection to a Modbus server, over TCP or a serial line, that says when it is gone. The library's types end here.

import { Socket } from 'node:net'
import modbus from 'modbus-serial'
import { rtuPort, type SerialLine, silenceMs } from './rtu-port.ts'
import { tcpPort } from './tcp-port.ts'

export type Client = InstanceType<typeof modbus.default>

/** Called once, with what was read (nothing, of a write) or what went wrong. */
export type Done = (error: unknown, values?: number[]) => void

export interface Link {
  /**
   * Calls `done` with the outcome of `send`: an answer, an exception, an answer that cannot be; `AnswerLate`, or
   * `ConnectionClosed` as soon as the connection is gone. It may do so within the call. One at a time.
   */
  ask(send: (client: Client, done: Done) => void, done: Done): void
  onClosed(run: () => void): void
  destroy(): void
}

export interface TcpPlace {
  readonly host: string
  readonly port: number
}

export type Place = TcpPlace | SerialLine

export const isSerial = (place: Place): place is SerialLine => 'path' in place
export const nameOf = (place: Place): string => (isSerial(place) ? place.path : `${place.host}:${place.port}`)

/** Internal: the peer, or `close`, ended the connection. */
export class ConnectionClosed extends Error {}

/** Internal: the time-out is over. */
export class AnswerLate extends Error {}

/** @returns the connection being made, and a way to give it up */
export function openLink(place: Place, timeoutMs: number): { readonly link: Promise<Link>; abort(): void } {
  return isSerial(place) ? openSerial(place, timeoutMs) : openTcp(place, timeoutMs)
}

function openTcp({ host, port }: TcpPlace, timeoutMs: number) {
  const socket = new Socket()
  const link = connected(socket, host, port, timeoutMs).then(
    () => linkOver(socket, timeoutMs),
    error => {
      socket.destroy()
      throw error
    },
  )
  return { link, abort: () => void socket.destroy() }
}

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
      reject(new ConnectionClosed('connection closed'))
    })
    socket.connect({ host, port, noDelay: true })
  })
}

function linkOver(socket: Socket, timeoutMs: number): Link {
  const life = lifeline(new modbus.default(tcpPort(socket)), timeoutMs)
  socket.once('close', () => life.end('connection closed'))
  life.client.open()
  return {
    ask: life.ask,
    onClosed: life.onEnd,
    destroy() {
      life.client.destroy(() => {})
      socket.destroy()
      life.end('connection closed')
    },
  }
}

/**
 * Ends what is under way when the connection does, or when its time is over. (The library would start a timer for each
 * request; this one goes on running from one to the next, and looks when it is over whether there still is something late.)
 */
function lifeline(client: Client, timeoutMs: number) {
  let ended: ConnectionClosed | undefined
  let current: Done | undefined
  let deadline = 0
  let timer: NodeJS.Timeout | undefined
  let run: (() => void) | undefined
  client.on('error', () => {})

  function lookForLate(): void {
    timer = undefined
    if (current === undefined) return
    const left = deadline - performance.now()
    if (left > 0) timer = setTimeout(lookForLate, Math.ceil(left))
    else current(new AnswerLate(`no answer within ${timeoutMs} ms`))
  }

  return {
    client,
    ask(send: (client: Client, done: Done) => void, done: Done): void {
      if (ended !== undefined) return done(ended)
      const once: Done = (error, values) => {
        if (current !== once) return // it comes too late
        current = undefined
        done(error ?? undefined, values)
      }
      current = once
      deadline = performance.now() + timeoutMs
      timer ??= setTimeout(lookForLate, timeoutMs)
      send(client, once)
    },
    onEnd(given: () => void): void {
      run = given
    },
    end(why: string): void {
      if (ended !== undefined) return
      ended = new ConnectionClosed(why)
      clearTimeout(timer)
      current?.(ended)
      run?.()
    },
  }
}

/**
 * The line is locked (flock) for as long as it is open: who else opens it, in this process or another, is told so, since
 * two masters on one line would take each other's answers.
 */
function openSerial(line: SerialLine, timeoutMs: number) {
  let isAborted = false
  let opened: Link | undefined
  const link = (async (): Promise<Link> => {
    const { SerialPort } = await import('serialport')
    if (isAborted) throw new ConnectionClosed('connection closed')
    const { path, baudRate, parity, dataBits, stopBits } = line
    const serial = new SerialPort({ path, baudRate, parity, dataBits, stopBits, autoOpen: false, lock: true })
    const port = rtuPort(serial, silenceMs(line))
    const life = lifeline(new modbus.default(port), timeoutMs)
    port.once('close', () => life.end('line closed'))
    port.on('error', error => life.end(`line lost: ${(error as Error).message}`))
    await new Promise<void>((resolve, reject) => {
      life.client.open((error: Error | null | undefined) => (error ? reject(new Error(lineError(error))) : resolve()))
    })
    opened = {
      ask: life.ask,
      onClosed: life.onEnd,
      destroy() {
        life.client.destroy(() => {})
        life.end('line closed')
      },
    }
    if (!isAborted) return opened
    opened.destroy()
    throw new ConnectionClosed('connection closed')
  })()
  return {
    link,
    abort() {
      isAborted = true
      opened?.destroy()
    },
  }
}

const lineError = ({ message }: Error): string =>
  /lock/i.test(message) ? 'another program or agent has this serial line open' : message
