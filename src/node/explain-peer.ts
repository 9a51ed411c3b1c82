// Why a peer may or may not: what admission decided about it, and for each type of message and each protocol the row of
// its table that says so, in words with the key of the configuration that would change it.

import { type AuthorityPolicy, type AuthorityRow, obeys } from '../mesh/authority.ts'
import type { Credential } from '../mesh/credential.ts'
import { type ProtocolRow, refusedToOpen } from '../mesh/protocols.ts'

export interface Verdict {
  readonly what: string
  readonly may: boolean
  readonly because: string
}

export interface Rules {
  readonly rows: readonly AuthorityRow[]
  readonly protocols: readonly ProtocolRow[]
  readonly policy: AuthorityPolicy
  /** The organisations of the configuration's `authorities`, in its order. */
  readonly authorities: readonly string[]
  /** This peer's own organisation. */
  readonly own: string
}

type Who = Pick<Credential, 'name' | 'organisation' | 'roles'>

export const explainMessages = (who: Who, rules: Rules): Verdict[] =>
  rules.rows.map(row => explainMessage(who, row, rules))

function explainMessage(who: Who, row: AuthorityRow, { policy, authorities }: Rules): Verdict {
  const { type, roles, from, as = type } = row
  const no = (because: string): Verdict => ({ what: type, may: false, because })
  if (!roles.some(role => who.roles.includes(role))) {
    return no(`it has the role ${who.roles.join(', ')}, want ${roles.join(' or ')}`)
  }
  const index = authorities.indexOf(who.organisation)
  const key = index < 0 ? 'authorities' : `authorities[${index}].protection`
  if (from === 'protection' && !obeys(policy, who.organisation, as)) {
    return no(`${who.organisation}'s messages of type ${as} are not obeyed here: ${key}`)
  }
  const grounds =
    from === 'protection' ? `${who.organisation}'s are obeyed here: ${key}` : 'any trusted organisation may'
  return { what: type, may: true, because: [grounds, ...conditions(row)].join('; ') }
}

/** What is asked of each single message. */
function conditions({ sameFeeder, claims, places, overGossip }: AuthorityRow): string[] {
  return [
    ...(claims === undefined ? [] : [`when it ${claims}`]),
    ...(sameFeeder ? ['with the same feeder file'] : []),
    ...(places === undefined ? [] : [`from ${places.join(' or ')}`]),
    ...(overGossip === undefined || overGossip === 'used' ? [] : [OVER_GOSSIP[overGossip]]),
  ]
}

const OVER_GOSSIP = {
  newer: 'by gossip, after a start, only what was sealed since',
  warns: 'by gossip it only warns',
  refused: 'not by gossip',
} as const

export const explainProtocols = (who: Who, { protocols, own }: Rules): Verdict[] =>
  protocols.map(row => {
    const refused = refusedToOpen(row, who, own)
    const grounds = `${row.roles === 'any' ? 'every admitted peer' : row.roles.join(' or ')}${
      row.organisation === 'own' ? ` of ${own}` : ''
    } may`
    return { what: row.purpose, may: refused === undefined, because: refused ?? grounds }
  })
