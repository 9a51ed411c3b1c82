// Marks the packets of a UDP socket as Expedited Forwarding (DSCP 46, RFC 3246), so that routers on the way let them pass
// before bulk. Node has no call for it; where the optional module `koffi` can reach the C library, setsockopt is called
// on the socket's descriptor. Elsewhere packets go unmarked, and the reason is said once.

import type { Socket } from 'node:dgram'

/** DSCP 46 in the upper six bits. */
export const EXPEDITED = 46 << 2

type SetSockOpt = (fd: number, level: number, name: number, value: number[], length: number) => number
let loaded: Promise<SetSockOpt> | undefined

// From Linux's headers; other systems number them differently.
const LINUX = { udp4: { level: 0, name: 1 }, udp6: { level: 41, name: 67 } }

/** @returns undefined when it is done, else why it is not */
export async function markExpedited(socket: Socket, family: 'udp4' | 'udp6'): Promise<string | undefined> {
  if (process.platform !== 'linux') return `not known how on ${process.platform}`
  try {
    loaded ??= loadSetSockOpt()
    const setSockOpt = await loaded
    // Only now: while that was loaded the socket may have been closed, and its number given to another.
    const fd = descriptorOf(socket)
    if (fd === undefined) return "the socket's descriptor is not to be had"
    const { level, name } = LINUX[family]
    return setSockOpt(fd, level, name, [EXPEDITED], 4) === 0 ? undefined : 'the system refused it'
  } catch (error) {
    return (error as Error).message.split('\n')[0]
  }
}

async function loadSetSockOpt(): Promise<SetSockOpt> {
  const { load } = (await import('koffi')).default
  return load('libc.so.6').func(
    'int setsockopt(int fd, int level, int name, _In_ int *value, uint32_t length)',
  ) as unknown as SetSockOpt
}

/** By its symbol: the plain property of the same meaning prints a warning of deprecation. */
function descriptorOf(socket: Socket): number | undefined {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol')
  if (symbol === undefined) return undefined
  const { handle } = (socket as unknown as Record<symbol, { handle?: { fd?: number } }>)[symbol] ?? {}
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined
}
