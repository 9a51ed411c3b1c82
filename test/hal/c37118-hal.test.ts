// The client against the simulated unit, over real sockets.

import { createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { PmuShape, PmuValues, StreamShape } from '../../sim/devices/pmu-frames.ts'
import { type PmuServer, startPmuServer } from '../../sim/devices/pmu-server.ts'
import { type C37118HalOptions, c37118Hal } from '../../src/hal/c37118-hal.ts'
import type { Hal, PhasorFrame } from '../../src/hal/port.ts'
import { totalVectorError } from '../../topology/phasor-math.ts'
import { instant, utcMs } from '../../topology/units.ts'

const unit = (more: Partial<PmuShape> = {}): PmuShape => ({
  station: 'Feeder 3 head',
  idCode: 7,
  polar: false,
  phasorsFloat: true,
  analogsFloat: false,
  frequencyFloat: true,
  phasors: [
    ...['VA', 'VB', 'VC'].map(name => ({ name, kind: 'volts', perBit: 0.1, turnRadians: 0 }) as const),
    ...['IA', 'IB', 'IC'].map(name => ({ name, kind: 'amps', perBit: 0.01, turnRadians: 0 }) as const),
  ],
  analogs: 0,
  digitals: 0,
  nominalHz: 50,
  changes: 1,
  ...more,
})
const streamOf = (...pmus: PmuShape[]): StreamShape => ({ timeBase: 1_000_000, framesPerSecond: 50, pmus })

const DEGREES = Math.PI / 180
/** 230 V at 30°, 10 A lagging by 20°, balanced. */
const healthy: PmuValues = {
  stat: 0,
  phasors: [
    ...[30, -90, 150].map(degrees => ({ magnitude: 230, radians: degrees * DEGREES })),
    ...[10, -110, 130].map(degrees => ({ magnitude: 10, radians: degrees * DEGREES })),
  ],
  frequencyHz: 49.98,
  rocofHzPerS: -0.25,
}
const CHANNELS = { volts: { a: 'VA', b: 'VB', c: 'VC' }, amps: { a: 'IA', b: 'IB', c: 'IC' } }

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function serve(stream: StreamShape, course: () => readonly PmuValues[]): Promise<PmuServer> {
  const server = await startPmuServer({ port: 0, idCode: 7734, stream, course, utc: Date.now })
  stops.push(() => server.stop())
  return server
}
function open(port: number, more: Partial<C37118HalOptions> = {}): Hal {
  const hal = c37118Hal({
    host: '127.0.0.1',
    port,
    idCode: 7734,
    phasors: CHANNELS,
    reverse: false,
    configuration: 2,
    timeoutMs: 2000,
    now: () => instant(performance.now()),
    utc: () => utcMs(Date.now()),
    ...more,
  })
  stops.push(() => hal.close())
  return hal
}
const code = (expected: string) => expect.objectContaining({ name: 'HalError', code: expected })

async function until<T>(look: () => T | undefined | false, ms = 10_000): Promise<T> {
  for (const end = performance.now() + ms; performance.now() < end; await pause(5)) {
    const seen = look()
    if (seen) return seen
  }
  throw new Error('did not come')
}
function framesOf(hal: Hal): PhasorFrame[] {
  const frames: PhasorFrame[] = []
  hal.onPhasors?.(frame => frames.push(frame))
  return frames
}

describe('c37118Hal', () => {
  const forms = [
    { phasorsFloat: true, polar: false, frequencyFloat: true },
    { phasorsFloat: true, polar: true, frequencyFloat: false },
    { phasorsFloat: false, polar: false, frequencyFloat: true },
    { phasorsFloat: false, polar: true, frequencyFloat: false },
  ]
  for (const configuration of [2, 3] as const) {
    it.each(forms)(`hands on phasors, frequency and its rate of change: frame ${configuration}, %o`, async form => {
      const server = await serve(streamOf(unit(form)), () => [healthy])
      const frames = framesOf(open(server.port, { configuration }))
      const frame = await until(() => frames[1])
      const truth = { magnitude: 230, degrees: -90 }
      expect(totalVectorError(frame.volts.b ?? { magnitude: 0, degrees: 0 }, truth)).toBeLessThan(0.001)
      expect(frame.amps.c?.magnitude).toBeCloseTo(10, 1)
      expect(frame.frequencyHz).toBeCloseTo(49.98, 3)
      expect(frame.rocofHzPerS).toBeCloseTo(-0.25, 3)
      expect(frame.timeErrorSeconds).toBe(1e-6)
      expect(frame.utcMicros % 20_000n).toBe(0n)
      expect((frames[1]?.utcMicros ?? 0n) > (frames[0]?.utcMicros ?? 0n)).toBe(true)
    })
  }

  it('measures RMS values and power of the latest frame, and who the unit is', async () => {
    const server = await serve(streamOf(unit()), () => [healthy])
    const hal = open(server.port)
    const { volts, kw, kvar, frequencyHz, phasors } = await hal.measure()
    expect(volts?.a).toBeCloseTo(230, 3)
    expect(kw?.b).toBeCloseTo(2.3 * Math.cos(20 * DEGREES), 5)
    expect(kvar?.c).toBeCloseTo(2.3 * Math.sin(20 * DEGREES), 5)
    expect(frequencyHz).toBeCloseTo(49.98, 4)
    expect(phasors?.sequence.volts.positive.magnitude).toBeCloseTo(230, 3)
    expect(phasors?.sequence.volts.negative.magnitude).toBeCloseTo(0, 3)
    expect(Object.keys(await hal.status())).toEqual(['at'])
    const who = await hal.identity?.()
    expect(who).toEqual({ model: 'Feeder 3 head', configurationHash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    const other = await serve(streamOf(unit({ changes: 2 })), () => [healthy])
    expect((await open(other.port).identity?.())?.configurationHash).not.toBe(who?.configurationHash)
    expect(server.commands.slice(0, 3)).toEqual([1, 5, 2])
  })

  it("takes its own unit out of a concentrator's stream", async () => {
    const other = { ...healthy, frequencyHz: 60, phasors: healthy.phasors.map(() => undefined) }
    const server = await serve(streamOf(unit({ idCode: 3, analogs: 2, digitals: 1 }), unit({ idCode: 9 })), () => [
      other,
      healthy,
    ])
    expect((await open(server.port, { pmuId: 9 }).measure()).frequencyHz).toBeCloseTo(49.98, 4)
    expect((await open(server.port, { pmuId: 3 }).measure()).frequencyHz).toBe(60)
    await expect(open(server.port).measure()).rejects.toThrow(/no unit named, want pmuId to be one of 3 .*, 9/)
    await expect(open(server.port, { pmuId: 4 }).measure()).rejects.toEqual(code('HAL_REFUSED'))
  })

  it('says what the unit says of its data and its clock', async () => {
    const server = await serve(streamOf(unit()), () => [{ ...healthy, stat: 0x8000 | 0x2000 }])
    const hal = open(server.port)
    const frames = framesOf(hal)
    const frame = await until(() => frames[0])
    expect(frame.doubts).toEqual(['inconsistent'])
    expect(frame.timeErrorSeconds).toBe(Number.POSITIVE_INFINITY)
    expect((await hal.measure()).doubts).toMatchObject({ 'volts.a': ['inconsistent'], frequencyHz: ['inconsistent'] })
  })

  it('asks again when the configuration has changed, and goes on by the new one', async () => {
    let values = healthy
    const server = await serve(streamOf(unit()), () => [values])
    const frames = framesOf(open(server.port))
    await until(() => frames[0])
    values = { ...healthy, stat: 0x0400 }
    await until(() => server.commands.filter(each => each === 5).length >= 2) // told that it is about to
    values = { ...healthy, phasors: [undefined, ...healthy.phasors] }
    const added = { name: 'V0', kind: 'volts', perBit: 0.1, turnRadians: 0 } as const
    server.reconfigure(streamOf(unit({ phasors: [added, ...unit().phasors], changes: 2 })))
    await until(() => server.commands.filter(each => each === 5).length >= 3)
    const seen = frames.length
    const later = await until(() => frames.slice(seen + 2).find(frame => frame.volts.a !== undefined))
    expect(later.volts.a?.magnitude).toBeCloseTo(230, 3)
    expect(later.amps.a?.magnitude).toBeCloseTo(10, 3)
    expect(server.connections()).toBe(1)
  })

  it('is silent while the unit is, and comes back with it', async () => {
    const server = await serve(streamOf(unit()), () => [healthy])
    const hal = open(server.port, { timeoutMs: 150 })
    const frames = framesOf(hal)
    await until(() => frames[0])
    server.mute(true)
    await until(() => server.connections() > 1)
    await expect(hal.measure()).rejects.toEqual(code('HAL_TIMEOUT'))
    server.mute(false)
    const seen = frames.length
    await until(() => frames[seen])
    expect((await hal.measure()).volts?.a).toBeCloseTo(230, 3)
  })

  it('connects again when it is cut off', async () => {
    const server = await serve(streamOf(unit()), () => [healthy])
    const frames = framesOf(open(server.port))
    await until(() => frames[0])
    server.cut()
    const seen = frames.length
    await until(() => frames[seen])
    expect(server.connections()).toBe(2)
  })

  it('finds the frames behind garbage, and does not take a broken one', async () => {
    const server = await serve(streamOf(unit()), () => [healthy])
    const frames = framesOf(open(server.port))
    await until(() => frames[0])
    server.send(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))
    server.send(Uint8Array.of(0xaa, 0x01, 0x00, 0x12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14))
    const seen = frames.length
    await until(() => frames[seen + 3])
    expect(server.connections()).toBe(1)
    expect(new Set(frames.map(({ volts }) => Math.round(volts.a?.magnitude ?? 0)))).toEqual(new Set([230]))
  })

  it('takes a clock that stands still for silence', async () => {
    const server = await serve(streamOf(unit()), () => [healthy])
    const hal = open(server.port, { timeoutMs: 150 })
    const frames = framesOf(hal)
    await until(() => frames[2])
    server.mute(true)
    const { encodeData } = await import('../../sim/devices/pmu-frames.ts')
    const frozen = encodeData(streamOf(unit()), [healthy], { idCode: 7734, soc: 1, fraction: 0, timeQuality: 0 })
    const seen = frames.length
    for (let sent = 0; sent < 100 && server.connections() === 1; sent++) {
      server.send(frozen)
      await pause(20)
    }
    expect(server.connections()).toBeGreaterThan(1)
    expect(frames.slice(seen).filter(({ utcMicros }) => utcMicros === 1_000_000n)).toEqual([])
  })

  it.each([
    ['nothing', () => {}, 'HAL_TIMEOUT'],
    ['a goodbye', (socket: Socket) => socket.end(), 'HAL_UNREACHABLE'],
    ['nothing but beginnings of frames', (socket: Socket) => void socket.write(beginnings()), 'HAL_BAD_FRAME'],
  ])('answers for a server that sends %s', async (_, greet, expected) => {
    const sockets = new Set<Socket>()
    const server = createServer(socket => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('data', () => {})
      greet(socket)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    stops.push(async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const hal = open((server.address() as { port: number }).port, { timeoutMs: 300 })
    await expect(hal.measure()).rejects.toEqual(code(expected))
  })

  it('says that nobody is there, and finds out when somebody is', async () => {
    const server = await startPmuServer({
      port: 0,
      idCode: 7734,
      stream: streamOf(unit()),
      course: () => [healthy],
      utc: Date.now,
    })
    await server.stop()
    const hal = open(server.port)
    await expect(hal.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
    const again = await startPmuServer({
      port: server.port,
      idCode: 7734,
      stream: streamOf(unit()),
      course: () => [healthy],
      utc: Date.now,
    })
    stops.push(() => again.stop())
    const frames = framesOf(hal)
    await until(() => frames[0])
  })

  it('closes twice, at any time, and is out of reach from then on', async () => {
    const server = await serve(streamOf(unit()), () => [healthy])
    const hal = open(server.port)
    const frames = framesOf(hal)
    const waiting = hal.measure().catch((error: unknown) => error)
    await hal.close()
    await hal.close()
    expect(await waiting).toEqual(code('HAL_UNREACHABLE'))
    await expect(hal.measure()).rejects.toEqual(code('HAL_UNREACHABLE'))
    await expect(hal.status()).rejects.toEqual(code('HAL_UNREACHABLE'))
    await expect(hal.identity?.()).rejects.toEqual(code('HAL_UNREACHABLE'))
    await pause(100)
    expect(frames).toEqual([])
  })
})

function beginnings(): Uint8Array {
  const bytes = new Uint8Array(100_000)
  for (let at = 0; at < bytes.length; at += 4) bytes.set([0xaa, 0x01, 0x40, 0x00], at)
  return bytes
}
