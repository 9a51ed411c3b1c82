// Child processes of the bench: messages in order, and an end that is certain.

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Child {
  /** Of the machine's monotonic clock, which on Linux is one for all processes. */
  readonly forkedAtMs: number
  send(message: unknown): void
  /** The first message not taken yet that is of this kind. Rejects when it stays out, or when the child ends. */
  next<T extends { readonly kind: string }>(
    is: (message: T) => boolean,
    withinMs?: number,
  ): Promise<{ readonly message: T }>
  /** Closes the channel, upon which every child ends by itself; one that does not is killed. Idempotent. */
  stop(): Promise<void>
}

interface Arrival {
  readonly message: never
}

interface Waiter {
  readonly is: (message: never) => boolean
  readonly done: (arrival: Arrival) => void
  readonly failed: (error: Error) => void
}

const EXIT_WITHIN_MS = 4000
const alive = new Set<Pick<Child, 'stop'>>()

/** A program that is no child of Node's, which `stopChildren` ends as well. */
export function alsoStop(other: Pick<Child, 'stop'>): void {
  alive.add(other)
}

/**
 * @param entry beside this file, or relative to it, without extension: compiled, all are .js
 * @param execArgv options of Node itself
 */
export function startChild(entry: string, args: readonly string[] = [], execArgv: readonly string[] = []): Child {
  const file = fileURLToPath(new URL(`${entry}${import.meta.url.slice(-3)}`, import.meta.url))
  const forkedAtMs = Number(process.hrtime.bigint()) / 1e6
  const child = fork(file, args, {
    // An agent's log is kept off the figures; what matters comes as messages.
    stdio: ['ignore', 'ignore', process.env.BENCH_LOGS === undefined ? 'ignore' : 'inherit', 'ipc'],
    serialization: 'advanced',
    execArgv: [...execArgv, ...profiling()],
  })
  const arrived: Arrival[] = []
  const waiters = new Set<Waiter>()
  let gone: Error | undefined

  function end(error: Error): void {
    gone ??= error
    for (const { failed } of waiters) failed(gone)
    waiters.clear()
  }

  const exited = new Promise<void>(resolve => {
    child.once('error', error => {
      end(error)
      resolve()
    })
    child.once('exit', (code, signal) => {
      alive.delete(handle)
      end(new Error(`${entry}: ended (${signal ?? code})`))
      resolve()
    })
  })
  child.on('message', message => {
    const arrival = { message: message as never }
    const waiter = [...waiters].find(({ is }) => is(arrival.message))
    if (waiter === undefined) return void arrived.push(arrival)
    waiters.delete(waiter)
    waiter.done(arrival)
  })

  const handle: Child = {
    forkedAtMs,
    send: message => void (child.connected && child.send(message as object)),
    next(is, withinMs = 15_000) {
      const index = arrived.findIndex(({ message }) => is(message))
      const [known] = index < 0 ? [] : arrived.splice(index, 1)
      if (known !== undefined) return Promise.resolve(known)
      if (gone !== undefined) return Promise.reject(gone)
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiters.delete(waiter)
          reject(new Error(`${entry}: did not answer within ${withinMs} ms`))
        }, withinMs)
        const waiter: Waiter = {
          is: is as Waiter['is'],
          done: arrival => {
            clearTimeout(timer)
            resolve(arrival)
          },
          failed: error => {
            clearTimeout(timer)
            reject(error)
          },
        }
        waiters.add(waiter)
      })
    },
    stop: () => leave(child, exited),
  }
  alive.add(handle)
  return handle
}

/** Where a process's time goes, as Chrome's developer tools show it: one file a process, written when it ends. */
function profiling(): string[] {
  const folder = process.env.BENCH_PROFILE
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}

async function leave(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.connected) child.disconnect()
  const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_WITHIN_MS)
  await exited
  clearTimeout(timer)
}

/** Whatever a section left behind. */
export async function stopChildren(): Promise<void> {
  const left = [...alive]
  alive.clear()
  await Promise.all(left.map(child => child.stop()))
}
