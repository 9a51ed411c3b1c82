// The switch at the point of common coupling of a generator that may go on alone: it opens by an output of the own device map,
// or it is a device of the feeder file that another IED opens, and whose position this IED hears.

import type { ComponentContext } from './component.ts'
import { NodeError } from './node-error.ts'

export interface Coupling {
  /** Resolves when it has been told to open. @throws HalError when it did not take that */
  separate(): Promise<void>
  watch(tell: (position: 'open' | 'closed' | 'unknown') => void): () => void
}

/** @returns undefined where the generator leaves @throws NodeError BAD_INPUT when it may not go on alone, or nothing separates it */
export function islandOf({ config, feeder, name, hal, bus }: ComponentContext): Coupling | undefined {
  const { onTrip, coupling } = config.transferTrip
  if (onTrip === 'leave' || coupling === undefined) return undefined
  const refuse = (where: string, why: string): never => {
    throw new NodeError('BAD_INPUT', `transferTrip: ${where}: ${why}`)
  }
  const { operates } = feeder.ied(name)
  const generator = feeder.file.generators.find(each => each.name === operates)
  if (generator === undefined) return refuse('onTrip: island', `${name} operates no generator`)
  if (generator.mayIsland !== true) {
    return refuse('onTrip: island', `${generator.name} may not feed its loads alone, see mayIsland of the feeder file`)
  }
  if ('output' in coupling) {
    const { output } = coupling
    if (hal?.drive === undefined || !hal.outputs?.includes(output)) {
      const names = hal?.outputs?.join(', ') || 'none'
      return refuse('coupling', `output ${output}: the device has no such output, it has ${names}`)
    }
    const told = new Set<(position: 'open') => void>()
    return {
      async separate() {
        await hal.drive?.(output, true)
        for (const tell of told) tell('open')
      },
      watch(tell) {
        told.add(tell)
        return () => void told.delete(tell)
      },
    }
  }
  const { device } = coupling
  if (!feeder.file.devices.some(each => each.name === device)) {
    return refuse('coupling', `the feeder file has no device ${device}`)
  }
  const listeners = new Set<(position: 'open' | 'closed' | 'unknown') => void>()
  return {
    // Its own IED opens it; that it is open already is seen here.
    async separate() {
      for (const tell of listeners) tell(feeder.position(device))
    },
    watch(tell) {
      listeners.add(tell)
      const cancel = bus.on('topology', changed => {
        if (changed.device === device) tell(feeder.position(device))
      })
      return () => {
        listeners.delete(tell)
        cancel()
      }
    },
  }
}
