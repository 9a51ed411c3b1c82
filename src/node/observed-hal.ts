// The field device as others get it who operate it beside the load desks: what they do goes through unchanged, and is told of.

import type { Hal, Operation } from '../hal/port.ts'

/** Called when an operation begins. @returns what is called when it has ended */
export type Observe = (operation: Operation) => ((confirmed: boolean) => void) | undefined

export function observed(hal: Hal | undefined, observers: readonly Observe[]): Hal | undefined {
  const { operate } = hal ?? {}
  if (hal === undefined || operate === undefined) return hal
  // Not a spread: that would take what a driver has as a getter as it is now.
  return Object.defineProperties({ close: hal.close } as Hal, {
    ...Object.getOwnPropertyDescriptors(hal),
    operate: {
      enumerable: true,
      async value(operation: Operation): Promise<void> {
        const ends = observers.flatMap(observe => observe(operation) ?? [])
        try {
          await operate(operation)
          for (const end of ends) end(true)
        } catch (error) {
          for (const end of ends) end(false)
          throw error
        }
      },
    },
  })
}
