// Two field devices in a process of their own, one after the other of which shows a contact now and then and waits until
// somebody opens it. The time runs from the first answer that shows the contact to the arrival of the order to open, so that
// neither the time until a poll nor the device's own travel is in it.

import { startSimulatedDevice } from '../sim/devices/simulated-device.ts'
import type { Shown } from '../sim/plant/plant-port.ts'
import { nowMs } from './members.ts'

/** From the bench: one round with the device of that number. */
export interface ToDevice {
  readonly kind: 'round'
  readonly device: number
}
export type FromDevice =
  | { readonly kind: 'ready'; readonly ports: readonly number[] }
  | { readonly kind: 'opened'; readonly device: number; readonly tookMs: number }

const CALM: Shown = {
  volts: { a: 7200, b: 7200, c: 7200 },
  amps: { a: 10, b: 10, c: 10 },
  kw: { a: 60, b: 60, c: 60 },
  kvar: { a: 5, b: 5, c: 5 },
  frequencyHz: 60,
  position: 'closed',
  dead: false,
  sag: false,
  pickup: false,
  phasePickup: false,
  groundPickup: false,
  highSet: false,
  farDead: false,
  entered: 0,
  left: 0,
}
/** Until it is closed again, by hand so to say: its agent has read the position back by then. */
const CLOSED_AFTER_MS = 60

async function device(number: number): Promise<{ readonly port: number; begin(): void }> {
  // The contact is shown where the map of the bench has `inputs.1`: in the bit that elsewhere says a sag.
  let contact = false
  let position: 'open' | 'closed' = 'closed'
  let shownAt: number | undefined
  const { port } = await startSimulatedDevice({
    port: 0,
    look() {
      if (contact) shownAt ??= nowMs()
      return {
        shown: { ...CALM, position, sag: contact },
        tripped: false,
        lockedOut: false,
        energy: { importWh: 1000n, exportWh: 0n },
        temperatureC: 25,
      }
    },
    write(coil) {
      if (coil !== 'open' || shownAt === undefined) return
      const tookMs = nowMs() - shownAt
      shownAt = undefined
      contact = false
      position = 'open'
      setTimeout(() => {
        position = 'closed'
        process.send?.({ kind: 'opened', device: number, tookMs } satisfies FromDevice)
      }, CLOSED_AFTER_MS)
    },
  })
  return {
    port,
    begin() {
      contact = true
    },
  }
}

const devices = [await device(0), await device(1)]
process.on('message', (message: ToDevice) => devices[message.device]?.begin())
process.on('disconnect', () => process.exit(0))
process.send?.({ kind: 'ready', ports: devices.map(({ port }) => port) } satisfies FromDevice)
