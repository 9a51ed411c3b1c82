// Who may order what of this IED. Pure: the signers' credentials have been checked already.
//
// People of the IED's own organisation, by the rights of their roles (IEC 62351-8). People of another one only where this
// IED's configuration names the organisation and the verb, and still by their roles. Machines only where it names them.

import type { Credential } from '../mesh/credential.ts'
import type { Reason, Verb } from '../protection/command.ts'
import { isMachine, mayOrder, rightOf } from './command-rights.ts'
import type { AgentConfig } from './config.ts'

export interface OrderPolicy extends Readonly<AgentConfig['commands']> {
  /** To which the IED belongs. */
  readonly organisation: string
}

export interface OrderRefusal {
  readonly reason: Reason
  readonly words: string
}

type Signer = Pick<Credential, 'peerId' | 'organisation' | 'name' | 'roles'>

/** @returns why these signers may not order it, or undefined when they may */
export function orderRefusal(verb: Verb, signers: readonly Signer[], policy: OrderPolicy): OrderRefusal | undefined {
  for (const signer of signers) {
    const words = refusalOf(verb, signer, policy)
    if (words !== undefined) return { reason: 'not-authorised', words }
  }
  return twoPersonRefusal(verb, signers, policy)
}

function refusalOf(verb: Verb, signer: Signer, { organisation, from }: OrderPolicy): string | undefined {
  const who = whoIs(signer)
  const named = from.filter(entry => entry.organisation === signer.organisation && entry.verbs.includes(verb))
  if (isMachine(signer.roles)) {
    const isNamed = named.some(({ names }) => names?.includes(signer.name) === true)
    return isNamed ? undefined : `${who} is not named for ${verb} under commands.from here`
  }
  const isOurs = signer.organisation === organisation
  if (!isOurs && !named.some(({ names }) => names === undefined || names.includes(signer.name))) {
    return `${who} may not ${verb} what is ${organisation}'s`
  }
  return mayOrder(signer.roles, verb)
    ? undefined
    : `${who} has no right ${rightOf(verb)}, which ${verb} needs: ${signer.roles.join(', ')}`
}

/** What else an order does to the device: who wants two people for that wants them for this, or one alone does it by this. */
const COMES_TO: Readonly<Partial<Record<Verb, readonly Verb[]>>> = {
  'return-to-normal': ['open', 'close'],
  release: ['connect'], // what a person had disconnected comes back when nothing else wants it off
}

/** Two keys are two people only under two names. A machine is nobody here. */
export function twoPersonRefusal(
  verb: Verb,
  signers: readonly Signer[],
  { twoPerson }: Pick<OrderPolicy, 'twoPerson'>,
): OrderRefusal | undefined {
  if (![verb, ...(COMES_TO[verb] ?? [])].some(each => twoPerson.includes(each))) return undefined
  const people = signers.filter(({ roles }) => !isMachine(roles))
  const keys = new Set(people.map(({ peerId }) => peerId))
  const names = new Set(people.map(({ organisation, name }) => `${organisation}/${name}`))
  if (keys.size >= 2 && names.size >= 2) return undefined
  const words = `${verb} needs the signatures of two different people here, it has ${Math.min(keys.size, names.size)}`
  return { reason: 'two-person', words }
}

export const whoIs = ({ name, organisation }: Pick<Credential, 'name' | 'organisation'>): string =>
  `${name} of ${organisation}`
