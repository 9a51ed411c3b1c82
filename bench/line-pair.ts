// The two processes of one kind of line, as a section drives them.

import { type BrokerKind, startBroker } from './broker.ts'
import { type Child, startChild } from './child.ts'
import type { FarEnd, FromFar, FromNear, LineKind, ToNear, Via } from './line.ts'

export interface LineRoute {
  readonly kind: LineKind
  readonly dir: string
  readonly bytes: number
  /** The mesh's bad paths. */
  readonly via?: Via
  /** What the near end is told of where the far one is, where a bad path lies in between. */
  readonly through?: (far: FarEnd) => Promise<FarEnd>
}

const OPEN_WITHIN_MS = 30_000

/** @returns the near end, or undefined where its broker is not installed */
export async function openLine({ kind, dir, bytes, via, through }: LineRoute): Promise<Child | undefined> {
  const broker = isBroker(kind) ? await startBroker(kind, dir) : undefined
  if (isBroker(kind) && broker === undefined) return undefined
  const far = startChild('line-far', [
    kind,
    dir,
    String(broker?.port ?? 0),
    ...(via === undefined ? [] : [JSON.stringify(via)]),
  ])
  const near = startChild('line-near', [kind, dir])
  const { message } = await far.next<FromFar>(() => true, OPEN_WITHIN_MS)
  if (message.kind === 'failed') throw new Error(message.message)
  const reached = through === undefined ? message.far : await through(message.far)
  await ask(near, { kind: 'open', far: reached, bytes, isVia: via !== undefined }, 'opened')
  return near
}

export const isBroker = (kind: LineKind): kind is BrokerKind & LineKind => kind === 'mosquitto' || kind === 'nats'

/** @param everyMs time between the end of a trip and the next one; 0 for none */
export const trips = (near: Child, count: number, everyMs: number) =>
  ask(near, { kind: 'trips', count, everyMs }, 'times')

async function ask<K extends FromNear['kind']>(near: Child, message: ToNear, reply: K) {
  near.send(message)
  const { message: told } = await near.next<FromNear>(({ kind }) => kind === reply || kind === 'failed', OPEN_WITHIN_MS)
  if (told.kind === 'failed') throw new Error(told.message)
  return told as Extract<FromNear, { kind: K }>
}
