import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Broker, type BrokerKind, missing, startBroker } from '../../bench/broker.ts'

let dir = ''
let broker: Broker | undefined
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'feedermesh-broker-'))
})
afterEach(async () => {
  await broker?.stop()
  await rm(dir, { recursive: true, force: true })
})

const connects = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

describe('a broker to compare with', () => {
  for (const kind of ['mosquitto', 'nats'] as const satisfies readonly BrokerKind[]) {
    it(`is started on a port of its own and ended again, where it is installed: ${kind}`, async ({ skip }) => {
      broker = await startBroker(kind, dir)
      if (broker === undefined) return skip(missing(kind))
      expect(await connects(broker.port)).toBe(true)
      await broker.stop()
      expect(await connects(broker.port)).toBe(false)
    })
    it(`is left out where it is not installed: ${kind}`, async () => {
      expect(await startBroker(kind, dir, [dir])).toBeUndefined()
    })
  }
})
