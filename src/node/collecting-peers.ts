// Who collects records, as this IED's configuration and sharing policy have it, and who is meant by a destination.

import type { Destination } from '../aggregation/delivery.ts'
import { MAX_FITNESS } from '../aggregation/rank.ts'
import type { Credential } from '../mesh/credential.ts'
import type { ComponentContext } from './component.ts'
import type { Sharing } from './sharing-desk.ts'

/** Back-end peers, and the IEDs that this one's own configuration or policy names: those run a collector. */
export const collects = (peer: Credential, sharing: Names): boolean =>
  peer.roles.includes('BACKEND') || isRecipient(peer, sharing)

type Names = Pick<Sharing, 'backEnds'>
export type Fits = (credential: Credential) => boolean

export const isIed: Fits = ({ roles }) => roles.includes('IED')

/** Whom a destination means: any trusted organisation may have a person or a back end of the same name. */
export const collectsAs =
  ({ backEnd, organisation }: Destination, sharing: Names): Fits =>
  peer =>
    peer.name === backEnd && peer.organisation === organisation && collects(peer, sharing)

const isRecipient = ({ name, organisation, roles }: Credential, sharing: Names): boolean =>
  sharing.backEnds().some(each => each.backEnd === name && each.organisation === organisation) &&
  (roles.includes('BACKEND') || roles.includes('IED'))

/** By the device itself, and by the back ends that it reaches now. */
export function fitnessNow({ links, config, sharing }: ComponentContext): number {
  const reached = links.peers().filter(peer => collects(peer.credential, sharing)).length
  return Math.min(MAX_FITNESS, config.aggregation.fitness + Math.min(3, reached))
}
