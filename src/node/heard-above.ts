// Whose transfer trip a generator's IED would have to hear: the breakers and reclosers through which it is fed, by their IEDs.
// One is not heard while its position is unknown here; none is while the neighbour is silent that passes their words on.

import type { ComponentContext } from './component.ts'

/** What can trip for a fault, and does so by itself. */
export const INTERRUPTERS: ReadonlySet<string> = new Set(['breaker', 'recloser'])

interface Below {
  readonly certain: ReadonlySet<string>
  readonly all: ReadonlySet<string>
}

export function heardAbove(
  { feeder, links, messenger, name }: Pick<ComponentContext, 'feeder' | 'links' | 'messenger' | 'name'>,
  below: (device: string) => Below,
) {
  const operated = new Set(feeder.file.ieds.map(({ operates }) => operates))
  const interrupters = feeder.file.devices
    .filter(({ kind, name: device }) => INTERRUPTERS.has(kind) && operated.has(device))
    .map(device => device.name)
  /** As they were when all positions were known: what is unknown now is not forgotten. */
  let known: readonly string[] | undefined
  let version = -1

  function devices(): readonly string[] {
    if (version === feeder.version) return known ?? interrupters.filter(device => below(device).all.has(name))
    version = feeder.version
    const all = interrupters.filter(device => below(device).all.has(name))
    if (all.every(device => feeder.position(device) !== 'unknown' && below(device).certain.has(name))) known = all
    return known ?? all
  }

  /** Nobody passes anything on from above. */
  function isCutOff(): string | undefined {
    const parent = feeder.parent(name)
    if (parent === undefined) return undefined
    const peerId = messenger.peerOf(parent)
    const peer = links.peers().find(each => each.peerId === peerId)
    return peer === undefined || (peer.link !== undefined && peer.link.way === undefined) ? parent : undefined
  }

  return {
    anybody: (): boolean => devices().length > 0,
    /** Devices, or the neighbour; empty when all would be heard. */
    silent(): readonly string[] {
      if (devices().length === 0) return []
      const cut = isCutOff()
      return cut === undefined ? devices().filter(device => feeder.position(device) === 'unknown') : [cut]
    },
  }
}
