// The loads of one IED that warnings may shed, by their priority: the sheddable one of the feeder file, which the device drops
// and restores, and those that hang on outputs of its device map.
//
// A person's order counts before any warning: whoever connects or disconnects the load has it from then on, whatever is said,
// until it is released. That outlives a restart.

import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { ComponentContext } from './component.ts'
import { latches } from './latches.ts'
import { type OutputLevel, outputLevel } from './output-level.ts'
import { sheddableLoad } from './sheddable-load.ts'

const HELD_KEY = 'early-warning/held-by'
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
  /** Tries no further to restore. @returns whether it was about to */
  holdOff(): boolean
  heldBy(): string | undefined
  /** A person's hold ends. @returns in words what became of it */
  release(): Promise<string>
  stop(): Promise<void>
}

export async function warnedLoads(context: ComponentContext): Promise<WarnedLoads> {
  const { config, bus, store, log, feeder, name } = context
  const { loads, transferOutput, startOutput } = config.earlyWarning
  const kept = latches(store, COMPONENT)
  const load = await sheddableLoad(context)
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

  const before = await store.get(HELD_KEY)
  let heldBy = before === undefined ? undefined : String(fromCbor(before))
  let writing = Promise.resolve()
  function hold(by: string | undefined): Promise<void> {
    heldBy = by
    const change = by === undefined ? { del: HELD_KEY } : { put: HELD_KEY, value: toCbor(by) }
    writing = writing
      .then(() => store.batch([change], { durable: true }))
      .catch(error => log.error('hold-not-kept', { reason: (error as Error).message }))
    return writing
  }

  const cancel = bus.on('report', ({ event, operation, by }) => {
    // Orders alone name who gave them.
    if (event !== 'operated' || (operation !== 'shed' && operation !== 'restore') || typeof by !== 'string') return
    void load.handOver()
    void hold(by.slice(0, 200))
    context.report('load-held', { by: by.slice(0, 200), operation })
  })

  return {
    wasShed,
    wasTransferred: transfer?.was === true,
    wasStarted: start?.was === true,
    shed(upTo, event) {
      if (priority >= upTo && (metered.length > 0 || loads.length === 0)) {
        if (heldBy === undefined) load.want('shed', event)
        else {
          const reason = `${heldBy} has ordered this load; "reset warning-hold" releases it`
          context.report('reaction-inhibited', { operation: 'shed', cause: COMPONENT, id: event, reason })
        }
      }
      for (const each of levels) if (each.priority >= upTo) each.level.want(true)
    },
    restore() {
      if (heldBy === undefined) load.want('restore')
      for (const { level } of levels) level.want(false)
    },
    transfer: on => transfer?.level.want(on),
    start: on => start?.level.want(on),
    holdOff: () => load.holdOff(),
    heldBy: () => heldBy,
    async release() {
      if (heldBy === undefined) return 'nobody holds the load'
      const by = heldBy
      await hold(undefined)
      context.report('load-released', { by })
      return `the load is no longer held by ${by}`
    },
    async stop() {
      cancel()
      await load.stop()
      await Promise.all([...levels.map(each => each.level.stop()), transfer?.level.stop(), start?.level.stop()])
      await writing
      await kept.settled()
    },
  }
}
