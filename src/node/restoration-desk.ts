// What an IED does for the restorations of others, and for its own: tells what it sees, grants its device to one incident
// at a time, opens it under the grant, and says what became of an incident that it led itself.
//
// It opens nothing that carries anything: by its own measurement both sides must be dead, whoever asks. So the worst that a
// liar with a valid credential does here is to open what is dark already, and to hold a device for a while.

import { type Duration, duration, type Instant } from '../../topology/units.ts'
import { serialQueue } from '../aggregation/serial-queue.ts'
import {
  fenceRefusal,
  type GrantEvent,
  type GrantState,
  grantAfterStart,
  stepGrant,
} from '../protection/restoration/grant.ts'
import type { RestorationAnswer, RestorationFacts, RestorationQuestion } from '../protection/restoration/questions.ts'
import type { TeamFacts } from '../protection/restoration/sequence-types.ts'
import { sidesOf } from '../protection/restoration/team.ts'
import type { ComponentContext } from './component.ts'
import { operable } from './operable.ts'
import type { RestorationStore } from './restoration-store.ts'

type Asked = Extract<RestorationQuestion, { readonly device: string }>

export interface RestorationDesk {
  /** @param from the IED that asks */
  answer(question: Exclude<RestorationQuestion, { readonly load: string }>, from: string): Promise<RestorationAnswer>
  /** Why the own device must not close now under the own grant. */
  fenceRefusal(incident: string, fence: number): string | undefined
  /** In words what it is granted to, for read-outs. */
  grantedTo(): string | undefined
  /** A person ends what stands. */
  reset(): Promise<void>
  settled(): Promise<void>
}

export interface DeskPorts {
  readonly device: string
  readonly kept: RestorationStore
  /** Fresh from the device. @throws HalError */
  look(): Promise<TeamFacts>
  /** Asks the IED that leads an incident what became of it. */
  confirm(leader: string, incident: string): Promise<'open' | 'closed' | undefined>
  /** Whether the own sequence may still close for this incident. */
  mayStillClose(incident: string): boolean
  operating(isSo: boolean): void
  onNews(): void
  /** It is granted to somebody until then, or to nobody. */
  onGrant(until: Instant | undefined): void
  /** It is opened to isolate a fault: nobody closes it but to return to normal. */
  onIsolating(): void
}

export function restorationDesk(context: ComponentContext, ports: DeskPorts): RestorationDesk {
  const { clock, name, hal, feeder } = context
  const { device, kept } = ports
  const sides = sidesOf(feeder, device)
  const inTurn = serialQueue()
  let grant: GrantState = grantAfterStart(kept.get(), clock.now())
  let isConfirming = false

  /** One after the other: what is said has been written down before anything else is decided. */
  const take = (event: GrantEvent): Promise<RestorationAnswer> =>
    inTurn(async () => {
      const next = stepGrant(grant, event, clock.now())
      let answer: RestorationAnswer = { kind: 'done' }
      for (const action of next.actions) {
        if (action.kind === 'answer') answer = action.answer
        else if (action.kind === 'confirm') void confirm(action.of.leader, action.of.incident, action.of.fence)
        else {
          const { fence, grant: given } = action.kept
          try {
            await kept.change(({ grant: _, ...rest }) => ({
              ...rest,
              fence,
              ...(given === undefined ? {} : { grant: given }),
            }))
          } catch (error) {
            // Not durable, so not said: the number is drawn, and whoever asks again gets the next one.
            grant = { ...grant, fence: Math.max(grant.fence, fence) }
            return { kind: 'refused', why: `not recorded: ${(error as Error).message}`.slice(0, 200) }
          }
        }
      }
      grant = next.state
      ports.onGrant(grant.until)
      return answer
    })

  async function confirm(leader: string, incident: string, fence: number): Promise<void> {
    if (isConfirming) return
    isConfirming = true
    try {
      const became = await ports.confirm(leader, incident)
      if (became === undefined) return
      await take({ kind: 'confirmed', incident, leader, fence })
      context.report('grant-ended', { incident, leader, device, leaderDevice: became })
    } finally {
      isConfirming = false
    }
  }

  async function facts(): Promise<RestorationFacts> {
    const { dead = {}, barred, ...rest } = await ports.look()
    const [node, section] = [dead[sides.node], dead[sides.section]]
    return {
      kind: 'facts',
      device,
      ...rest,
      ...(node === undefined ? {} : { nodeSideDead: node }),
      ...(section === undefined ? {} : { sectionSideDead: section }),
      ...(barred === undefined ? {} : { barred: barred.slice(0, 200) }),
    }
  }

  async function open({ incident, fence }: Asked & { kind: 'open' }, leader: string): Promise<RestorationAnswer> {
    const shown = { incident, fence, leader }
    const refusal = fenceRefusal(grant, shown, clock.now())
    if (refusal !== undefined) return refused(refusal)
    const seen = await ports.look()
    const travelled = (travelMs: number): RestorationAnswer => ({ kind: 'done', travelMs })
    if (seen.position === 'open') return travelled(0)
    if (seen.barred !== undefined) return refused(seen.barred)
    if (!isDead(seen)) return refused('its sides are not known to be dead: it opens nothing that may carry load')
    const began = clock.now()
    ports.operating(true)
    try {
      // Before it is operated: after a crash in between it is known why it stands open.
      await kept.change(was => ({ ...was, isolates: incident }))
      ports.onIsolating()
      const late = fenceRefusal(grant, shown, clock.now())
      if (late !== undefined) return refused(late)
      await operable(hal).operate('open')
      context.report('operated', { operation: 'open', cause: 'restoration', incident, leader })
      return travelled(clock.now() - began)
    } catch (error) {
      context.report('alarm', {
        alarm: 'operation-failed',
        operation: 'open',
        cause: 'restoration',
        incident,
        reason: (error as Error).message,
      })
      return refused((error as Error).message)
    } finally {
      ports.operating(false)
    }
  }

  const isDead = ({ dead = {} }: TeamFacts): boolean => {
    const told = [dead[sides.node], dead[sides.section]]
    return told.includes(true) && !told.includes(false)
  }

  /** To one that has granted an incident of this IED's: what became of it. */
  async function became(incident: string): Promise<RestorationAnswer> {
    if (!incident.startsWith(`${name}/`)) return refused(`${incident} is not led here`)
    if (ports.mayStillClose(incident)) return refused('it is under way')
    const { position } = await ports.look()
    if (position === 'closed') return { kind: 'confirmed', position }
    if (position !== 'open') return refused('the position of its device is not known')
    const raised = await take({ kind: 'raise', incident })
    if (raised.kind === 'refused') return raised
    return ports.mayStillClose(incident) ? refused('it is under way') : { kind: 'confirmed', position }
  }

  return {
    answer(question, from) {
      if ('device' in question && question.device !== device) {
        return Promise.resolve(refused(`${name} operates ${device}, not ${question.device}`))
      }
      switch (question.kind) {
        case 'facts':
          return facts()
        case 'news':
          ports.onNews()
          return Promise.resolve({ kind: 'done' })
        case 'reserve': {
          const { incident, lifetimeMs } = question
          if (!incident.startsWith(`${from}/`)) return Promise.resolve(refused(`${incident} is not ${from}'s`))
          const lifetime: Duration = duration(lifetimeMs)
          return take({ kind: 'reserve', incident, leader: from, lifetime })
        }
        case 'release':
          return take({ kind: 'release', incident: question.incident, leader: from, fence: question.fence })
        case 'open':
          return open(question, from)
        case 'confirm':
          return became(question.incident)
      }
    },
    fenceRefusal: (incident, fence) => fenceRefusal(grant, { incident, fence, leader: name }, clock.now()),
    grantedTo: () => grant.grant?.incident,
    reset: async () => void (await take({ kind: 'reset' })),
    settled: () => inTurn(async () => {}),
  }
}

const refused = (why: string): RestorationAnswer => ({ kind: 'refused', why: why.slice(0, 200) })
