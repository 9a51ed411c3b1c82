import type { Feeder } from '../../topology/feeder.ts'

/**
 * The IEDs that operate the switching devices through which this one is fed, nearest first. Others may stand at the same
 * nodes and operate a lateral's device: those have nothing to hold back for.
 */
export function operatorsUpstream(feeder: Feeder, device: string): string[] {
  const own = feeder.file.ieds.find(({ operates }) => operates === device)?.name
  return feeder.upstreamIeds({ device }).filter(ied => {
    const operates = feeder.ied(ied).operates
    if (own === undefined || !feeder.file.devices.some(({ name }) => name === operates)) return false
    const { certain, undecided } = feeder.fedThrough(operates as string)
    return certain.has(own) || undecided.has(own)
  })
}
