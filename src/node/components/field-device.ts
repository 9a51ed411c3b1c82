// Polls the field device: its status in the fast class, its values in the slow one. A device that does not answer is
// reported once, and tried again for ever; what it last said is never repeated as if it were new.

import { instant } from '../../../topology/units.ts'
import type { Component, ComponentContext } from '../component.ts'

export const fieldDevice: Component = {
  name: 'field-device',
  start(context) {
    const { hal, config, clock, bus } = context
    if (hal === undefined || config.device === undefined) return { stop: () => {} }
    let answering: boolean | undefined
    let stopped = false

    function heard(reason?: string): void {
      const answers = reason === undefined
      if (answering === answers) return
      answering = answers
      bus.emit('device', { answering: answers, ...(reason === undefined ? {} : { reason }) })
      context.report(answers ? 'device-answering' : 'device-silent', reason === undefined ? {} : { reason })
    }

    // Polls keep to a grid of their own, at a phase drawn at the start, so that agents that were held up together do not
    // go on polling in step.
    const poll = async (everyMs: number, read: () => Promise<void>): Promise<void> => {
      const origin = clock.now() + context.chance() * everyMs
      while (!stopped) {
        try {
          await read()
          heard()
        } catch (error) {
          if (!stopped) heard((error as Error).message)
        }
        await pause(context, everyMs - ((((clock.now() - origin) % everyMs) + everyMs) % everyMs))
      }
    }
    const loops = [
      poll(config.device.statusPollMs, async () => bus.emit('status', await hal.status())),
      poll(config.device.valuesPollMs, async () => bus.emit('measurement', await hal.measure())),
    ]
    return {
      async stop() {
        stopped = true
        await hal.close()
        await Promise.all(loops)
      },
    }
  },
}

const pause = ({ clock }: ComponentContext, ms: number): Promise<void> =>
  new Promise(resolve => void clock.wakeAt(instant(clock.now() + Math.max(1, ms)), resolve))
