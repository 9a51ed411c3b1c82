// Whether an order that came counts here: who signed it, and whether those may order it of this IED.
//
// An IED that de-energises a section orders others on the authority of the order that it got. The others check that order
// as if it had come to them, and that their own live feeder finds them among what has to open for that section. So a
// lying IED with somebody's order can open what that somebody wanted open, while the order lasts, and nothing else.

import type { Feeder } from '../../topology/feeder.ts'
import type { Credential } from '../mesh/credential.ts'
import type { Order } from '../protection/command.ts'
import { planDeEnergise } from '../protection/de-energise.ts'
import { utcRefusal } from '../protection/order-age.ts'
import { type OrderPolicy, type OrderRefusal, orderRefusal, twoPersonRefusal, whoIs } from './command-authority.ts'
import type { CommandTickets } from './command-ticket.ts'
import { type CheckedOrder, checkSignedOrder, type OrderChecks, type SignedOrder } from './signed-order.ts'

export interface OrderJudgement extends CheckedOrder {
  readonly refusal: OrderRefusal | undefined
  readonly ticketAgeMs: number | undefined
  readonly utcAgeMs: number | undefined
}

export interface JudgementPorts {
  readonly name: string
  readonly feeder: Feeder
  readonly policy: OrderPolicy
  readonly checks: OrderChecks & { readonly feeder: Uint8Array }
  readonly tickets: CommandTickets
  utc(): number
  utcGood(): boolean
}

/** @throws Error as `checkSignedOrder` */
export const orderJudge =
  ({ name, feeder, policy, checks, tickets, utc, utcGood }: JudgementPorts) =>
  async (signed: SignedOrder, cited?: SignedOrder): Promise<OrderJudgement> => {
    const checked = await checkSignedOrder(signed, checks)
    const { order, signers } = checked
    const refusal =
      order.to === name
        ? cited === undefined
          ? orderRefusal(order.what.verb, signers, policy)
          : await citationRefusal(checked, cited)
        : { reason: 'malformed' as const, words: `it is for ${order.to}` }
    return { ...checked, refusal, ticketAgeMs: tickets.age(order.ticket, order.by), utcAgeMs: utcAge(checked) }

    async function citationRefusal(own: CheckedOrder, other: SignedOrder): Promise<OrderRefusal | undefined> {
      const first = await checkSignedOrder(other, checks)
      const { what } = first.order
      const [planner, ...more] = own.signers as [Credential, ...Credential[]]
      if (what.verb !== 'de-energise' && what.verb !== 'site-test')
        return notAuthorised('the order that it cites asks for no other one')
      if (!planner.roles.includes('IED') || more.length > 0 || first.order.to !== planner.name) {
        return notAuthorised(`${whoIs(planner)} is not the IED to which the cited order was given`)
      }
      // Who must not open this alone does not get it opened by way of a section either.
      const refused =
        orderRefusal(what.verb, first.signers, policy) ??
        twoPersonRefusal(own.order.what.verb, first.signers, policy) ??
        utcRefusalOf(first)
      if (refused !== undefined) return refused
      if (what.verb === 'site-test') return isJoining(own.order, first.order) ? undefined : notAuthorised(NO_JOINING)
      const plan = planDeEnergise(feeder, what.section)
      if (typeof plan === 'string') return { reason: 'cannot-plan', words: plan }
      const isOurs = plan.openings.some(({ ied, verb }) => ied === name && verb === own.order.what.verb)
      return isOurs
        ? undefined
        : notAuthorised(`${name} need not ${own.order.what.verb} for ${what.section} to be dead`)
    }

    function utcRefusalOf(first: CheckedOrder): OrderRefusal | undefined {
      // Its ticket is another IED's, so UTC is all that ends it.
      const age = utcAge(first)
      if (age !== undefined) return utcRefusal(first.order, age)
      return { reason: 'expired', words: 'the age of the order that it cites is not known: some clock is not good' }
    }

    function utcAge({ order: of, utcGood: theirs }: CheckedOrder): number | undefined {
      return theirs && utcGood() ? utc() - of.utcMs : undefined
    }
  }

const NO_JOINING = 'the site test that it cites is another one'

/** An IED with somebody's order for a test gets others into that very test, and nothing else done. */
const isJoining = ({ what }: Order, { what: cited, id, to }: Order): boolean =>
  what.verb === 'join-site-test' &&
  cited.verb === 'site-test' &&
  what.test === id &&
  what.starter === to &&
  what.section === cited.section &&
  what.kind === cited.kind &&
  what.seconds === cited.seconds &&
  what.stuck === cited.stuck

const notAuthorised = (words: string): OrderRefusal => ({ reason: 'not-authorised', words })
