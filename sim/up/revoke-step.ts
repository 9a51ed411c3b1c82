// A step of a scenario: the owner's authority takes an IED's credential back, as `feedermesh authority revoke` does, and
// hands the revocation to one agent. From there it must reach all others, and each must cut the peer off.

import { z } from 'zod'
import { revoke } from '../../src/node/authority-desk.ts'
import { askAsPerson, askReadout } from '../../src/node/readout-client.ts'
import { encodeRevocationQuestion, REVOCATIONS_PROTOCOL } from '../../src/node/revocation-desk.ts'
import type { Expectation } from './expectations.ts'
import { issuerOf } from './issuers.ts'
import { REVOKE_SECONDS, type RevokeStep } from './scenario.ts'
import { nowMs, type Stage, until } from './stage.ts'
import type { Story } from './story.ts'

const why = z.object({ peers: z.array(z.object({ peerId: z.string(), admitted: z.boolean(), words: z.string() })) })

export async function revokeIed(stage: Stage, step: RevokeStep): Promise<Expectation[]> {
  const { feeder, plan, story, view, signal } = stage
  const { ied } = step.revoke
  const { organisation } = feeder.ied(ied)
  const at = step.revoke.at ?? plan.ieds.find(({ name }) => name !== ied)?.name ?? ''
  const end = nowMs() + REVOKE_SECONDS * 1000
  const login = plan.viewers.get(organisation) ?? ''
  const address = plan.addresses[at] ?? ''
  const name = `${ied} revoked by ${organisation}`
  view.say('revoke', `>>> ${organisation}'s authority revokes ${ied}; handed to ${at}`, { ied, organisation, at })
  let peerIds: readonly string[]
  try {
    const issuer = await issuerOf(plan.dataDir, organisation)
    const made = await revoke(issuer, issuer.place, { nameOrId: ied }, 'the scenario says so', Date.now())
    peerIds = made.map(({ peerId }) => peerId)
    const question = encodeRevocationQuestion({ tokens: made.map(({ token }) => token) })
    await askAsPerson(address, login, REVOCATIONS_PROTOCOL, question)
  } catch (error) {
    return [{ name: `${name}: handed to ${at}`, ok: false, measured: (error as Error).message }]
  }
  // An expectation is measured once; whoever takes it in again afterwards is seen by the second one.
  await until(() => cutOff(story, ied, peerIds).missing.length === 0, step.cutWithinMs + 1000, signal)
  const { missing, lastMs } = cutOff(story, ied, peerIds)
  const others = [...story.agents.values()].filter(each => each.name !== ied && each.state === 'up')
  await until(() => false, end - nowMs(), signal)
  const holding = others.filter(({ links }) => links.get(ied)?.up === true).map(({ name: other }) => other)
  const again = cutOff(story, ied, peerIds).lastMs > lastMs
  // A viewer sees its own organisation's agents alone.
  const own = plan.ieds.map(each => each.name).filter(each => feeder.ied(each).organisation === organisation)
  const asked = own.includes(at) ? at : own.find(each => each !== ied)
  const said = asked === undefined ? '' : await askWhy(plan.addresses[asked] ?? '', login, ied, peerIds)
  return [
    {
      name: `${name}: every agent cuts it off within ${step.cutWithinMs} ms`,
      ok: missing.length === 0 && lastMs <= step.cutWithinMs,
      measured:
        missing.length === 0
          ? `${others.length} agents; the last one ${lastMs.toFixed(1)} ms after the first knew`
          : `not by ${missing.join(', ')}`,
    },
    {
      name: `${name}: nobody admits it again`,
      ok: holding.length === 0 && !again,
      measured: holding.length > 0 ? `${holding.join(', ')} did` : again ? 'one did, and cut it off again' : said,
    },
    checkOthers(story, ied, name),
  ]
}

/** Who still holds it or does not know of the revocation, and how long after the first one knew the last one let go. */
export function cutOff(story: Story, ied: string, peerIds: readonly string[]): { missing: string[]; lastMs: number } {
  const known = new Map(peerIds.flatMap(peerId => [...(story.revoked.get(peerId) ?? [])]))
  const firstMs = Math.min(...known.values())
  const missing: string[] = []
  let lastMs = 0
  for (const { name, state, links } of story.agents.values()) {
    if (name === ied || state !== 'up') continue
    const knownMs = known.get(name)
    const link = links.get(ied)
    if (knownMs === undefined || link?.up === true) missing.push(name)
    else lastMs = Math.max(lastMs, knownMs - firstMs, link === undefined ? 0 : link.atMs - firstMs)
  }
  return { missing, lastMs }
}

/** They are all still joined with each other, as far as they were. */
function checkOthers(story: Story, ied: string, name: string): Expectation {
  const machines = new Set([...story.agents.keys()].filter(each => each !== ied))
  const apart: string[] = []
  for (const { name: one, state, links } of story.agents.values()) {
    if (one === ied || state !== 'up') continue
    for (const [other, { up }] of links) {
      const isUp = story.agents.get(other)?.state === 'up'
      if (!up && machines.has(other) && isUp) apart.push(`${one} from ${other}`)
    }
  }
  return {
    name: `${name}: the others stay joined`,
    ok: apart.length === 0,
    measured: apart.length === 0 ? `all ${machines.size}` : `apart: ${apart.join(', ')}`,
  }
}

/** What `feedermesh peers --why` says of it. */
async function askWhy(address: string, login: string, ied: string, peerIds: readonly string[]): Promise<string> {
  try {
    const { peers } = why.parse(await askReadout(address, login, 'why', { limit: 10, name: ied }))
    const one = peers.find(({ peerId, admitted }) => peerIds.includes(peerId) && !admitted)
    return one === undefined ? 'nobody has it for a peer' : `it tried: ${one.words}`
  } catch (error) {
    return `no answer to "peers --why": ${(error as Error).message}`
  }
}
