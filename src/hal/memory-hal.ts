// The in-memory twin of a field device: what tests and simulations hold instead of a socket.

import type { Instant, UtcMs } from '../../topology/units.ts'
import {
  HalError,
  type HalErrorCode,
  type Measurement,
  type OperatingHal,
  type Operation,
  type Status,
} from './port.ts'

export interface MemoryHalOptions {
  readonly now: () => Instant
  readonly utc: () => UtcMs
  /** What the device can be told to do. */
  readonly operations?: readonly Operation[]
  /** Lamps and the like, beside the switching device. */
  readonly outputs?: readonly string[]
}

/** A device that does as told, and the strings behind it. */
export interface MemoryHal extends OperatingHal {
  /** What the next `measure` and `status` return, beside the time. */
  show(shown: { readonly measurement?: ShownMeasurement; readonly status?: ShownStatus }): void
  /** Until called again without a code, every call rejects with it. */
  fail(code?: HalErrorCode): void
  /** An operation is accepted and nothing moves: it ends as HAL_TIMEOUT. */
  jam(isJammed: boolean): void
  /** What it was told to do and did, oldest first. */
  readonly operated: readonly Operation[]
  /** `lamp1 on`, `lamp1 off`: what was switched, oldest first. */
  readonly driven: readonly string[]
}

export type ShownMeasurement = Omit<Measurement, 'at' | 'utc'>
export type ShownStatus = Omit<Status, 'at'>

const OUTCOME: Record<Operation, ShownStatus> = {
  open: { position: 'open' },
  close: { position: 'closed', tripped: false },
  trip: { position: 'open', tripped: true },
  shed: { shed: true },
  restore: { shed: false },
}

export function memoryHal({
  now,
  utc,
  operations = ['open', 'close', 'trip', 'shed', 'restore'],
  outputs = [],
}: MemoryHalOptions): MemoryHal {
  let measurement: ShownMeasurement = {}
  let status: ShownStatus = {}
  let failure: HalErrorCode | undefined
  let isJammed = false
  let isClosed = false
  const operated: Operation[] = []
  const driven: string[] = []

  const insist = (): void => {
    if (isClosed) throw new HalError('HAL_UNREACHABLE', 'memory device: closed')
    if (failure !== undefined) throw new HalError(failure, 'memory device: told to fail')
  }

  return {
    async measure() {
      insist()
      return { at: now(), utc: utc(), ...measurement }
    },
    async status() {
      insist()
      return { at: now(), ...status }
    },
    async operate(operation) {
      insist()
      if (!operations.includes(operation)) throw new HalError('HAL_UNSUPPORTED', `memory device: ${operation}`)
      if (isJammed) throw new HalError('HAL_TIMEOUT', `memory device: ${operation}: outcome unknown`)
      status = { ...status, ...OUTCOME[operation] }
      operated.push(operation)
    },
    operations,
    ...(outputs.length > 0 && {
      outputs,
      async drive(output: string, on: boolean) {
        insist()
        if (!outputs.includes(output)) throw new HalError('HAL_UNSUPPORTED', `memory device: output ${output}`)
        if (isJammed) throw new HalError('HAL_TIMEOUT', `memory device: output ${output}: outcome unknown`)
        driven.push(`${output} ${on ? 'on' : 'off'}`)
      },
    }),
    async close() {
      isClosed = true
    },
    show(shown) {
      measurement = shown.measurement ?? measurement
      status = shown.status ?? status
    },
    fail(code) {
      failure = code
    },
    jam(jammed) {
      isJammed = jammed
    },
    operated,
    driven,
  }
}
