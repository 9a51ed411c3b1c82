// How an agent orders another one: `context.order` of its components.

import { instant } from '../../topology/units.ts'
import type { Credential } from '../mesh/credential.ts'
import type { Identity } from '../mesh/identity.ts'
import type { CommandPost } from './command-post.ts'
import type { ComponentContext } from './component.ts'
import { type OrderWay, sendOrder, signedOrder } from './give-order.ts'
import type { AgentPorts } from './run-agent.ts'

export interface OrderingOptions {
  readonly identity: Identity
  /** The one that seals now. */
  credential(): Credential
  readonly epoch: number
  readonly feeder: Uint8Array
  readonly post: CommandPost
  readonly checkCredential: OrderWay['checkCredential']
  readonly ports: Pick<AgentPorts, 'clock' | 'randomBytes' | 'verifySignature'>
}

export function orderingOf(options: OrderingOptions): ComponentContext['order'] {
  const { identity, credential, epoch, feeder, post, checkCredential, ports } = options
  const { clock, randomBytes, verifySignature } = ports
  let sequence = 0
  const way: OrderWay = {
    ask: post.ask,
    checkCredential,
    verify: verifySignature,
    now: clock.now,
    pause: ms => new Promise(resolve => void clock.wakeAt(instant(clock.now() + ms), resolve)),
  }
  return async ({ cited, ...wanted }) => {
    const signer = {
      credential: credential(),
      epoch,
      sequence: sequence++,
      feeder,
      utc: clock.utc(),
      utcGood: clock.utcGood(),
      sign: identity.sign,
    }
    const id = Buffer.from(randomBytes(16)).toString('hex')
    const { payload, signed } = await signedOrder(way, signer, wanted, id)
    const { timeoutMs } = wanted
    const more = { ...(cited === undefined ? {} : { cited }), ...(timeoutMs === undefined ? {} : { timeoutMs }) }
    return sendOrder(way, payload, signed, more)
  }
}
