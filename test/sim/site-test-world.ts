// Real agents in virtual time of which a person orders a site test, and what they report of it.

import { createWorld, type World } from '../../sim/runtime/world.ts'
import type { Credential } from '../../src/mesh/credential.ts'
import { identityFromSeed, verifyPeer } from '../../src/mesh/identity.ts'
import { siteTestReport } from '../../src/node/cli/outputs-watch.ts'
import { COMMAND_PROTOCOL, encodeQuestion } from '../../src/node/command-protocol.ts'
import { sendOrder, signedOrder } from '../../src/node/give-order.ts'
import { READOUT_PROTOCOL } from '../../src/node/readout.ts'
import type { AgentPorts } from '../../src/node/run-agent.ts'
import { NO_FEEDER } from '../../src/node/signed-order.ts'
import type { Outcome, What } from '../../src/protection/command.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { utcMs } from '../../topology/units.ts'

type Serve = Parameters<AgentPorts['links']['serve']>[1]
const ORDER_AT = 10_000

export type Report = ReturnType<typeof siteTestReport.parse>['tests'][number]

export async function site(
  feeder: FeederFile,
  settings: ReadonlyMap<string, Record<string, unknown>> = new Map(),
  organisation = 'u',
) {
  const identity = await identityFromSeed(new Uint8Array(32).fill(7))
  const ada = (roles: Credential['roles']): Credential => ({
    peerId: identity.peerId,
    organisation,
    name: 'ada',
    roles,
    feeders: [feeder.name],
    notBefore: 0,
    expires: 4_000_000_000,
    token: `ada/${roles.join()}`,
    hash: new Uint8Array(16),
  })
  const people = new Map([ada(['OPERATOR']), ada(['VIEWER'])].map(each => [each.token, each]))
  const serves = new Map<string, Serve>()
  const checks = new Map<string, AgentPorts>()
  const world = await createWorld({
    feeder,
    seed: 'site test',
    settings,
    ports(name, ports) {
      const { links } = ports
      const serve: AgentPorts['links']['serve'] = (protocol, handle) => {
        serves.set(`${name} ${protocol}`, handle)
        links.serve(protocol, handle)
      }
      const own: AgentPorts = {
        ...ports,
        links: { ...links, serve },
        checkCredential: async token => people.get(token) ?? ports.checkCredential(token),
        verifySignature: (peerId, bytes, signature) =>
          peerId === identity.peerId
            ? verifyPeer(peerId, bytes, signature)
            : ports.verifySignature(peerId, bytes, signature),
      }
      checks.set(name, own)
      return own
    },
  })
  const acts: string[] = []
  world.site.onSettled(events => {
    for (const { device, kind } of events) acts.push(`${device} ${kind}`)
  })
  await world.runUntil(ORDER_AT)

  async function order(to: string, what: What, role: 'OPERATOR' | 'VIEWER' = 'OPERATOR'): Promise<Outcome> {
    const credential = ada([role])
    const { clock, checkCredential, verifySignature } = checks.get(to) as AgentPorts
    const way = {
      ask: (question: Parameters<typeof encodeQuestion>[0]) =>
        (serves.get(`${to} ${COMMAND_PROTOCOL}`) as Serve)(credential, encodeQuestion(question)),
      checkCredential,
      verify: verifySignature,
      now: clock.now,
      pause: async () => {},
    }
    const signer = {
      credential,
      epoch: 1,
      sequence: 0,
      feeder: NO_FEEDER,
      utc: utcMs(Math.floor(clock.utc())),
      utcGood: true,
      sign: identity.sign,
    }
    let outcome: Outcome | undefined
    const given = signedOrder(
      way,
      signer,
      { to, what },
      Buffer.from(`${to}${world.scheduler.now()}`.padEnd(16).slice(0, 16)).toString('hex'),
    )
      .then(({ payload, signed }) => sendOrder(way, payload, signed))
      .then(answer => {
        outcome = answer
      })
    for (let waited = 0; outcome === undefined && waited < 8000; waited += 50)
      await world.runUntil(world.scheduler.now() + 50)
    await given
    return outcome as unknown as Outcome
  }

  async function report(of: string, reader = organisation): Promise<Report> {
    const question = toCbor({ what: 'site-test', parameters: {} })
    const answer = await (serves.get(`${of} ${READOUT_PROTOCOL}`) as Serve)(
      { ...ada(['VIEWER']), organisation: reader },
      question,
    )
    // As the command line reads it.
    return siteTestReport.parse(fromCbor(answer)).tests[0] as Report
  }
  const told = (event: string, by?: string): World['trace']['events'] =>
    world.trace.events.filter(each => each.event === event && (by === undefined || each.by === by))
  return { world, order, report, acts, told, runFor: (ms: number) => world.runUntil(world.scheduler.now() + ms) }
}
