// The loads of one IED that warnings may shed, by their priority: the sheddable one of the feeder file, which the device drops
// and restores, and those that hang on outputs of its device map.
//
// Whose word counts on the sheddable load, above all a person's before any warning, the load desk decides.

import type { ComponentContext } from './component.ts'
import { latches } from './latches.ts'
import { type OutputLevel, outputLevel } from './output-level.ts'
import { sheddableLoad } from './sheddable-load.ts'

const COMPONENT = 'early-warning'
const DEFAULT_PRIORITY = 5

export interface WarnedLoads {
  /** Some of it is off by this IED's doing, also of before its start. */
  readonly wasShed: boolean
  readonly wasTransferred: boolean
  readonly wasStarted: boolean
  shed(upTo: number, event: string): void
  restore(): void
  transfer(on: boolean): void
  start(on: boolean): void
  /** Whose word keeps the load on, whatever is warned of; in words. */
  heldBy(): string | undefined
  stop(): Promise<void>
}

export async function warnedLoads(context: ComponentContext): Promise<WarnedLoads> {
  const { config, store, feeder, name } = context
  const { loads, transferOutput, startOutput } = config.earlyWarning
  const kept = latches(store, COMPONENT)
  const load = sheddableLoad(context)
  const ied = feeder.file.ieds.find(each => each.name === name)
  const metered = feeder.file.loads.filter(each => ied?.meters.includes(each.name) && each.sheddableShare > 0)
  // The device drops all of them at once, so the most important one decides.
  const priority = metered.length === 0 ? DEFAULT_PRIORITY : Math.min(...metered.map(each => each.priority))

  const levels: { readonly level: OutputLevel; readonly priority: number }[] = []
  let wasShed = load.isShedByUs()
  const latched = (output: string): Promise<boolean> => kept.stands(`${COMPONENT}/on/${output}`)
  const levelOf = (output: string, where: string): Promise<OutputLevel> =>
    outputLevel(context, { output, setpoint: COMPONENT, kept, where: `earlyWarning: ${where}`, cause: COMPONENT })
  for (const each of loads) {
    wasShed ||= await latched(each.output)
    levels.push({ level: await levelOf(each.output, `loads: ${each.name}`), priority: each.priority })
  }
  const optional = async (output: string | undefined, where: string) =>
    output === undefined ? undefined : { was: await latched(output), level: await levelOf(output, where) }
  const transfer = await optional(transferOutput, 'transferOutput')
  const start = await optional(startOutput, 'startOutput')

  return {
    wasShed,
    wasTransferred: transfer?.was === true,
    wasStarted: start?.was === true,
    shed(upTo, event) {
      if (priority >= upTo && (metered.length > 0 || loads.length === 0)) {
        load.want('shed', event)
      }
      for (const each of levels) if (each.priority >= upTo) each.level.want(true)
    },
    restore() {
      load.want('restore')
      for (const { level } of levels) level.want(false)
    },
    transfer: on => transfer?.level.want(on),
    start: on => start?.level.want(on),
    heldBy: () => load.refusal(),
    async stop() {
      await Promise.all([...levels.map(each => each.level.stop()), transfer?.level.stop(), start?.level.stop()])
      await kept.settled()
    },
  }
}
