// A connection to a Modbus server, over TCP or a serial line, that says when it is gone. The library's types end here.

import { Socket } from 'node:net'
import modbus from 'modbus-serial'
import { rtuPort, type SerialLine, silenceMs } from './rtu-port.ts'

export type Client = InstanceType<typeof modbus.default>

export interface Link {
  readonly client: Client
  /** What `ask` answers, or a rejection as soon as the connection is gone. One at a time. */
  ask<T>(ask: (client: Client) => Promise<T>): Promise<T>
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

/** @returns the connection being made, and a way to give it up */
export function openLink(place: Place, timeoutMs: number): { readonly link: Promise<Link>; abort(): void } {
  return isSerial(place) ? openSerial(place, timeoutMs) : openTcp(place, timeoutMs)
}

function openTcp({ host, port }: TcpPlace, timeoutMs: number) {
  const socket = new Socket()
  const link = connected(socket, host, port, timeoutMs).then(
    () => linkOver(socket, port, timeoutMs),
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

async function linkOver(socket: Socket, port: number, timeoutMs: number): Promise<Link> {
  const life = lifeline()
  socket.once('close', () => life.end('connection closed'))
  const client = new modbus.default()
  client.on('error', () => {})
  client.setTimeout(timeoutMs)
  await client.linkTCP(socket, { port })
  return {
    client,
    ask: ask => life.during(() => ask(client)),
    onClosed: life.onEnd,
    destroy() {
      client.destroy(() => {})
      socket.destroy()
    },
  }
}

/**
 * Ends what is under way when the connection does: the library would leave it pending until its time-out. (A race with one
 * promise that lasts as long as the connection would keep something of every request until then.)
 */
function lifeline() {
  let ended: ConnectionClosed | undefined
  let rejectCurrent: ((error: Error) => void) | undefined
  let run: (() => void) | undefined
  return {
    during<T>(ask: () => Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        if (ended !== undefined) return reject(ended)
        rejectCurrent = reject
        ask().then(resolve, reject)
      })
    },
    onEnd(given: () => void): void {
      run = given
    },
    end(why: string): void {
      if (ended !== undefined) return
      ended = new ConnectionClosed(why)
      rejectCurrent?.(ended)
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
    const client = new modbus.default(port)
    client.on('error', () => {})
    client.setTimeout(timeoutMs)
    const life = lifeline()
    port.once('close', () => life.end('line closed'))
    port.on('error', error => life.end(`line lost: ${(error as Error).message}`))
    await new Promise<void>((resolve, reject) => {
      client.open((error: Error | null | undefined) => (error ? reject(new Error(lineError(error))) : resolve()))
    })
    opened = {
      client,
      ask: ask => life.during(() => ask(client)),
      onClosed: life.onEnd,
      destroy: () => client.destroy(() => {}),
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
