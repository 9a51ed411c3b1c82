// Plays the steps of the field on the simulated devices: a fault, stuck contacts, a hand at a device, and their ends.

import type { RemoteDeviceHost } from '../devices/device-host-client.ts'
import type { FieldStep } from '../run/step-schema.ts'
import { endsAfter, nameOf, wordsOf } from '../run/step-words.ts'
import { type Stage, until } from './stage.ts'

export interface PlayedInField {
  readonly name: string
  readonly action: 'fault' | 'stuck' | 'operate' | 'end'
  readonly words: string
  /** This machine's monotonic clock, as the device host says it. */
  readonly atMs: number
}

export interface FieldSteps {
  /** By name, as far as they have been played. */
  readonly played: ReadonlyMap<string, PlayedInField>
  /** Resolves when it has begun; what lasts ends later by itself. */
  play(step: FieldStep, index: number): Promise<void>
}

const toMs = (ns: bigint): number => Number(ns) / 1e6

export function fieldSteps({ devices, view, signal }: Pick<Stage, 'devices' | 'view' | 'signal'>): FieldSteps {
  const played = new Map<string, PlayedInField>()
  const ends = new Map<string, () => Promise<bigint>>()

  async function end(name: string): Promise<bigint> {
    const ended = ends.get(name)
    ends.delete(name)
    return ended === undefined ? process.hrtime.bigint() : await ended()
  }

  async function begin(step: FieldStep, name: string): Promise<bigint> {
    if ('end' in step) return end(step.end)
    if ('operate' in step) return devices.operate(step.operate.device, step.operate.to)
    if ('stuck' in step) {
      const { device } = step.stuck
      ends.set(name, () => devices.stickBreaker(device, false))
      return devices.stickBreaker(device, true)
    }
    ends.set(name, () => devices.clearFault(name))
    return devices.fault(faultOf(step, name))
  }

  return {
    played,
    async play(step, index) {
      const name = nameOf(step, index)
      const words = wordsOf(step)
      const lasts = endsAfter(step)
      const began = begin(step, name)
      view.say('step', `>>> ${words}`, { name, words })
      played.set(name, { name, action: actionIn(step), words, atMs: toMs(await began) })
      if (lasts === undefined) return
      await until(() => false, lasts * 1000, signal)
      if (signal.aborted) return
      await end(name)
      view.say('step', `>>> ${name} is over`, { name, ends: true })
    },
  }
}

const actionIn = (step: FieldStep): PlayedInField['action'] =>
  'fault' in step ? 'fault' : 'stuck' in step ? 'stuck' : 'operate' in step ? 'operate' : 'end'

function faultOf(
  { fault: { forSeconds: _, ...fault } }: Extract<FieldStep, { readonly fault: unknown }>,
  name: string,
): Parameters<RemoteDeviceHost['fault']>[0] {
  return { ...fault, name }
}
