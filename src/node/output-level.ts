// One named output of the field device, kept as a setpoint wants it: on while the condition stands, off after it.
//
// - Nothing is written before it is known what is wanted, nor twice what the device has taken.
// - A device that was silent may have lost it: it is written again once the device answers.
// - What failed is an alarm, once, and tried again after a pause, for as long as it is wanted.
// - An inhibit leaves the output as it is; at its end the output follows.
// - An agent that stops, or is killed, leaves it as it is. That it was on is kept, so that the next start records the end.

import { instant } from '../../topology/units.ts'
import type { ComponentContext } from './component.ts'
import type { latches } from './latches.ts'
import { NodeError } from './node-error.ts'

export interface OutputLevel {
  want(on: boolean): void
  /** Resolves when what is under way has ended. */
  stop(): Promise<void>
}

interface OutputOf {
  readonly output: string
  readonly setpoint: string
  readonly kept: ReturnType<typeof latches>
  /** In the configuration, for the complaint. */
  readonly where: string
  /** Why it is switched, for records; the setpoint by default. */
  readonly cause?: string
}

const RETRY_MS = 10_000

/** @throws NodeError BAD_INPUT when the device has no such output, or may not be written */
export async function outputLevel(
  { hal, bus, clock, config, report, log }: ComponentContext,
  { output, setpoint, kept, where, cause = `setpoint ${setpoint}` }: OutputOf,
): Promise<OutputLevel> {
  const refuse = (why: string): never => {
    throw new NodeError('BAD_INPUT', `${where}: output ${output}: ${why}`)
  }
  if (hal === undefined) return refuse('there is no field device')
  if (config.device?.readOnly === true) return refuse('the device is read-only')
  const { outputs, drive } = hal
  if (outputs === undefined || drive === undefined)
    return refuse('the device has no outputs, see outputs of the device map')
  if (!outputs.includes(output)) return refuse(`no such output, want one of ${outputs.join(', ')}`)

  const keptAs = `${setpoint}/on/${output}`
  let wanted: boolean | undefined
  /** As the device took it last; absent while that is not known. */
  let taken: boolean | undefined
  let recorded = await kept.stands(keptAs)
  let isSilent = false
  let isInhibited = false
  let failed: boolean | undefined
  let heldBack: boolean | undefined
  let running: Promise<void> | undefined
  let cancelRetry = (): void => {}
  let isStarted = false
  let stopped = false

  const isDue = (): boolean => isStarted && !stopped && !isSilent && wanted !== undefined && wanted !== taken
  const words = (on: boolean): string => `${output} ${on ? 'on' : 'off'}`

  function settle(): void {
    if (running !== undefined || !isDue()) return
    if (isInhibited) return sayHeldBack(wanted === true)
    running = write().finally(() => {
      running = undefined
      if (failed === undefined || failed !== wanted) settle()
    })
  }

  function sayHeldBack(on: boolean): void {
    if (heldBack === on || recorded === on) return
    heldBack = on
    report('reaction-inhibited', {
      operation: words(on),
      cause,
      reason: 'an inhibit stands here',
    })
  }

  async function write(): Promise<void> {
    const on = wanted === true
    cancelRetry()
    try {
      await drive?.(output, on)
      taken = on
      failed = undefined
      heldBack = undefined
      if (recorded !== on) record(on)
    } catch (error) {
      taken = undefined // a write that was not confirmed may have been done
      if (stopped) return
      if (failed !== on) {
        const reason = (error as Error).message
        report('alarm', { alarm: 'operation-failed', operation: words(on), cause, reason })
      }
      failed = on
      cancelRetry = clock.wakeAt(instant(clock.now() + RETRY_MS), settle)
    }
  }

  function record(on: boolean): void {
    recorded = on
    report('operated', { operation: words(on), cause: on ? cause : `${cause} over` })
    kept.set(keptAs, on).catch(error => log.error('output-not-kept', { output, reason: (error as Error).message }))
  }

  const cancels = [
    // By the next turn all have heard whether an inhibit stands, whichever component is the first to listen.
    bus.on('components-started', () => {
      isStarted = true
      cancelRetry = clock.wakeAt(clock.now(), settle)
    }),
    bus.on('device', ({ answering }) => {
      if (!answering) taken = undefined
      isSilent = !answering
      settle()
    }),
    bus.on('inhibited', ({ stands }) => {
      isInhibited = stands
      settle()
    }),
  ]
  return {
    want(on) {
      if (wanted === on) return
      wanted = on
      settle()
    },
    async stop() {
      stopped = true
      cancelRetry()
      for (const cancel of cancels) cancel()
      await running
    },
  }
}
