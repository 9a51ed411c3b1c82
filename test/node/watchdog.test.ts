// The agent's watchdogs: systemd's own library against a real socket, and an output of the device.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { bus, type ComponentContext } from '../../src/node/component.ts'
import { watchdogComponent } from '../../src/node/components/watchdog.ts'
import { serviceManager } from '../../src/node/service-manager.ts'
import { instant } from '../../topology/units.ts'

const missing = ((): string | undefined => {
  try {
    execFileSync('socat', ['-V'], { stdio: 'ignore' })
  } catch {
    return 'socat is not installed'
  }
  return process.platform === 'linux' ? undefined : 'systemd is of Linux'
})()

let socat: ChildProcess | undefined
afterEach(() => void socat?.kill())

/** A socket as systemd has it, and all that came to it. */
async function managerSocket(): Promise<{ path: string; heard: () => string }> {
  const path = join(mkdtempSync(join(tmpdir(), 'notify-')), 'socket')
  let heard = ''
  socat = spawn('socat', ['-u', `UNIX-RECV:${path}`, 'STDOUT'], { stdio: ['ignore', 'pipe', 'inherit'] })
  socat.stdout?.on('data', (bytes: Buffer) => {
    heard += bytes.toString()
  })
  await until(() => {
    try {
      execFileSync('test', ['-S', path])
      return true
    } catch {
      return false
    }
  })
  return { path, heard: () => heard }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 500) throw new Error('it did not come to hold')
    await new Promise(done => setTimeout(done, 20))
  }
}

describe(`the service manager${missing ? ` (skipped: ${missing})` : ''}`, () => {
  it.skipIf(missing)('hears of the start, the feeding and the end, through its own library', async () => {
    const { path, heard } = await managerSocket()
    const failures: string[] = []
    const environment = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '3000000', WATCHDOG_PID: '42' }
    // The library reads the environment of the process.
    const before = process.env['NOTIFY_SOCKET']
    process.env['NOTIFY_SOCKET'] = path
    try {
      const manager = await serviceManager(environment, 42, reason => failures.push(reason))
      expect(manager?.watchdogMs).toBe(3000)
      for (const what of ['READY=1', 'WATCHDOG=1', 'STOPPING=1'] as const) manager?.tell(what)
      await until(() => heard().includes('STOPPING=1'))
      expect(heard()).toContain('READY=1')
      expect(heard()).toContain('WATCHDOG=1')
      expect(failures).toEqual([])
    } finally {
      if (before === undefined) delete process.env['NOTIFY_SOCKET']
      else process.env['NOTIFY_SOCKET'] = before
    }
  })

  it('is none where nothing asks for it, and does not watch another process', async () => {
    const failures: string[] = []
    expect(await serviceManager({}, 42, reason => failures.push(reason))).toBeUndefined()
    const another = await serviceManager(
      { NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '3000000', WATCHDOG_PID: '41' },
      42,
      () => {},
    )
    expect(another?.watchdogMs).toBeUndefined()
    expect(failures).toEqual([])
  })
})

/** An agent with an output, on a clock that the test moves. */
function agent(settings: { output?: string; drive?: (on: boolean) => Promise<void>; watchdogMs?: number }) {
  let nowMs = 0
  const timers: { at: number; run: () => void }[] = []
  const driven: boolean[] = []
  const told: string[] = []
  const reports: string[] = []
  const inside = bus((event, error) => expect.unreachable(`${event}: ${error.message}`))
  const context = {
    bus: inside,
    clock: {
      now: () => instant(nowMs),
      wakeAt(at: number, run: () => void) {
        const timer = { at, run }
        timers.push(timer)
        return () => void timers.splice(timers.indexOf(timer) >>> 0, 1)
      },
    },
    config: {
      watchdog: { everyMs: 1000, latenessMs: 250, ...(settings.output ? { output: settings.output } : {}) },
      device: { statusPollMs: 20, valuesPollMs: 1000, timeoutMs: 500 },
    },
    hal: {
      outputs: ['watchdog'],
      async drive(_output: string, on: boolean) {
        await settings.drive?.(on)
        driven.push(on)
      },
    },
    serviceManager: settings.watchdogMs
      ? { watchdogMs: settings.watchdogMs, tell: (what: string) => void told.push(what) }
      : undefined,
    report: (event: string, fields: Record<string, unknown> = {}) =>
      void reports.push([event, fields['alarm'], fields['reason']].filter(Boolean).join(' ')),
  } as unknown as ComponentContext
  const running = watchdogComponent.start(context) as { stop(): void }
  inside.emit('components-started', {})
  return {
    driven,
    told,
    reports,
    running,
    status: () => inside.emit('status', { at: instant(nowMs) }),
    /** @param heldUpMs for so long nothing ran when the time came */
    async pass(ms: number, heldUpMs = 0) {
      nowMs += ms + heldUpMs
      for (const timer of timers.splice(0).filter(({ at, run }) => (at > nowMs ? void timers.push({ at, run }) : true)))
        timer.run()
      await new Promise(done => setImmediate(done))
    },
  }
}

describe('the watchdog of the device', () => {
  it('sees a change at each feeding, and none while the loop is late', async () => {
    const { driven, reports, status, pass } = agent({ output: 'watchdog' })
    await pass(0)
    for (let second = 0; second < 3; second++) {
      await pass(1000)
      status()
    }
    expect(driven).toEqual([true, false, true, false])
    await pass(1000, 400)
    expect(driven).toHaveLength(4)
    expect(reports).toEqual(['protection-loop-late the loop ran 400 ms late'])
    status()
    await pass(1000)
    expect(driven).toHaveLength(5)
    expect(reports.at(-1)).toBe('protection-loop-on-time')
  })

  it('is one alarm when the device does not take it, and goes on', async () => {
    let fails = true
    const { driven, reports, status, pass } = agent({
      output: 'watchdog',
      drive: async () => {
        if (fails) throw new Error('no answer')
      },
    })
    for (let second = 0; second < 3; second++) {
      status()
      await pass(1000)
    }
    expect(reports).toEqual(['alarm watchdog-output no answer'])
    fails = false
    status()
    await pass(1000)
    expect(driven).toHaveLength(1)
  })

  it('is refused where the device has no such output', () => {
    expect(() => agent({ output: 'horn' })).toThrow('watchdog: output horn: no such output, want one of watchdog')
  })

  it('feeds the service manager twice as often as it waits', async () => {
    const { told, status, pass, running } = agent({ watchdogMs: 800 })
    status()
    await pass(400)
    await pass(400)
    running.stop()
    expect(told).toEqual(['READY=1', 'WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1', 'STOPPING=1'])
  })
})
