// Feeds who watches this agent while its protection loop runs on time: the service manager, and an output of the field
// device. The decision is in src/protection/watchdog.ts.
//
// What fails to take it is told once. The output rests where it is when the agent stops, is killed or hangs: who watches it
// wants changes, not a level.

import { type Duration, duration } from '../../../topology/units.ts'
import { newWatchdog, type WatchdogAction, type WatchdogEvent, watchdog } from '../../protection/watchdog.ts'
import type { Component, ComponentContext } from '../component.ts'
import { NodeError } from '../node-error.ts'

/** Polls of the status, before it counts as not read. */
const MISSED_POLLS = 5
const LEAST_STATUS_MS = 2000

export const watchdogComponent: Component = {
  name: 'watchdog',
  start(context) {
    const { bus, clock, serviceManager, config } = context
    const { output, everyMs, latenessMs } = config.watchdog
    const drive = output === undefined ? undefined : driveOf(context, output)
    // Half of what it waits for, as sd_watchdog_enabled(3) recommends.
    const every = Math.min(everyMs, (serviceManager?.watchdogMs ?? Number.POSITIVE_INFINITY) / 2)
    const step = watchdog({
      every: duration(every),
      lateness: duration(latenessMs),
      statusWithin: statusWithin(context),
    })
    let state = newWatchdog
    let cancelWake = (): void => {}
    let level = false
    let isWriting = false
    let isOutputFailing = false

    function feed(event: WatchdogEvent): void {
      const next = step(state, event, clock.now())
      state = next.state
      for (const action of next.actions) perform(action)
    }

    function perform(action: WatchdogAction): void {
      switch (action.kind) {
        case 'wake':
          cancelWake = clock.wakeAt(action.at, () => feed({ kind: 'tick' }))
          return
        case 'feed':
          if (serviceManager?.watchdogMs !== undefined) serviceManager.tell('WATCHDOG=1')
          return void toggle()
        case 'late':
          return context.report('protection-loop-late', { reason: action.why })
        case 'on-time':
          return context.report('protection-loop-on-time')
      }
    }

    /** One write at a time: a slow device gets fewer changes, and who watches it sees that. */
    async function toggle(): Promise<void> {
      if (drive === undefined || isWriting) return
      isWriting = true
      try {
        level = !level
        await drive(level)
        isOutputFailing = false
      } catch (error) {
        if (!isOutputFailing) context.report('alarm', { alarm: 'watchdog-output', reason: (error as Error).message })
        isOutputFailing = true
      } finally {
        isWriting = false
      }
    }

    const cancels = [
      bus.on('status', () => feed({ kind: 'status' })),
      bus.on('device', ({ answering }) => feed({ kind: 'device', answering })),
      bus.on('components-started', () => {
        serviceManager?.tell('READY=1')
        if (drive !== undefined || serviceManager?.watchdogMs !== undefined) feed({ kind: 'start' })
      }),
      bus.on('ready-asked', ({ answer }) =>
        answer({
          scheme: 'protection loop',
          ready: !state.isLate,
          ...(state.isLate ? { why: 'it does not run on time' } : {}),
        }),
      ),
    ]
    return {
      stop() {
        for (const cancel of cancels) cancel()
        cancelWake()
        serviceManager?.tell('STOPPING=1')
      },
    }
  },
}

/** @throws NodeError BAD_INPUT */
function driveOf({ hal, config }: ComponentContext, output: string): (on: boolean) => Promise<void> {
  const refuse = (why: string): never => {
    throw new NodeError('BAD_INPUT', `watchdog: output ${output}: ${why}`)
  }
  if (hal === undefined) return refuse('there is no field device')
  if (config.device?.readOnly === true) return refuse('the device is read-only')
  const { outputs, drive } = hal
  if (outputs === undefined || drive === undefined)
    return refuse('the device has no outputs, see outputs of the device map')
  if (!outputs.includes(output)) return refuse(`no such output, want one of ${outputs.join(', ')}`)
  return on => drive.call(hal, output, on)
}

/** A device that tells of changes is asked no more often than for its values while it tells none. */
function statusWithin({ hal, config: { device } }: ComponentContext): Duration | undefined {
  if (hal === undefined || device === undefined) return undefined
  const { statusPollMs, valuesPollMs } = device
  const every = hal.onChange === undefined ? statusPollMs : Math.max(statusPollMs, valuesPollMs)
  const waits = 'timeoutMs' in device && typeof device.timeoutMs === 'number' ? device.timeoutMs : 0
  return duration(Math.max(LEAST_STATUS_MS, MISSED_POLLS * every + waits))
}
