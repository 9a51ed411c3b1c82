// A field device whose relay runs in this agent: whoever reads its status sees what that relay shows, as if the device showed it.

import type { Hal, Status } from '../hal/port.ts'
import type { AgentEvents, Bus } from './component.ts'

export function withOwnRelay(hal: Hal, bus: Pick<Bus, 'on'>): Hal {
  let shown: AgentEvents['ownRelay'] | undefined
  bus.on('ownRelay', next => {
    shown = next
  })
  // Not a spread: that would take what a driver has as a getter as it is now.
  return Object.defineProperties({} as Hal, {
    ...Object.getOwnPropertyDescriptors(hal),
    status: {
      enumerable: true,
      value: async (): Promise<Status> => ({ ...(await hal.status()), ...shown }),
    },
  })
}
