// How the agents of a feeder on this machine are set up, whether they run for real (`up`) or in virtual time (`sim`): one
// organisation operates the feeder, each organisation has a back-end peer, and readings go to the operator's and the owner's.

import { recordClasses } from '../src/aggregation/record.ts'
import type { AgentConfig } from '../src/node/config.ts'
import { NodeError } from '../src/node/node-error.ts'
import type { Feeder } from '../topology/feeder.ts'
import type { FeederFile, IedEntry } from '../topology/feeder-file.ts'

const CONTROLLERS: ReadonlySet<IedEntry['kind']> = new Set(['relay', 'recloser', 'switch', 'rtu'])

/** Controllers have the better supply and processor. */
export const isController = ({ kind }: IedEntry): boolean => CONTROLLERS.has(kind)
export const fitnessOf = (ied: IedEntry): number => (isController(ied) ? 8 : 4)

export const backEndOf = (organisation: string): string => `${organisation}-backend`

export const organisationsOf = (file: FeederFile): string[] =>
  [...new Set(file.ieds.map(({ organisation }) => organisation))].sort()

/** Who owns the IED at the source runs the feeder. @throws NodeError BAD_INPUT for a feeder without IEDs */
export function operatorOf(file: FeederFile): string {
  const top = file.ieds.find(ied => file.sources.some(({ node }) => node === ied.node)) ?? file.ieds[0]
  if (top === undefined)
    throw new NodeError('BAD_INPUT', `feeder ${file.name} has no IEDs, want one at least under "ieds"`)
  return top.organisation
}

/**
 * Whose protection messages an IED obeys: the operator's, its own organisation's, and those of who owns what feeds it in
 * the normal state. So a customer's generator leaves when the customer's own breaker has tripped, and a customer trips
 * nothing of the utility's.
 */
export function protectionFor(feeder: Feeder, { node, organisation }: IedEntry): ReadonlySet<string> {
  const { file } = feeder
  if (file.ieds.every(ied => ied.organisation === organisation)) return new Set([organisation])
  const feeding = new Set(feeder.upstream(node).devices)
  const operators = file.ieds.filter(({ operates }) => operates !== undefined && feeding.has(operates))
  return new Set([operatorOf(file), organisation, ...operators.map(ied => ied.organisation)])
}

/** Back ends that get the readings of an IED. Its audit log is for its own organisation alone. */
export const recipientsOf = (file: FeederFile, { organisation }: IedEntry): AgentConfig['recipients'] =>
  [...new Set([operatorOf(file), organisation])].map(each => ({
    backEnd: backEndOf(each),
    organisation: each,
    classes: recordClasses.filter(recordClass => recordClass !== 'audit' || each === organisation),
    required: true,
  }))

/** Owners on one site tell each other how reliable their parts are. */
export const reliabilityOf = (file: FeederFile, { group, organisation }: IedEntry): { readonly askedBy: string[] } => ({
  askedBy: [
    ...new Set(
      file.ieds
        .filter(ied => group !== undefined && ied.group === group && ied.organisation !== organisation)
        .map(ied => ied.organisation),
    ),
  ],
})

/** Who meters a load that may be shed sheds it. */
export function reactionsOf(file: FeederFile, ied: IedEntry): AgentConfig['reactions'] {
  const sheds = file.loads.some(load => ied.meters.includes(load.name) && load.sheddableShare > 0)
  return { severe: 'none', catastrophic: sheds ? 'shed' : 'none' }
}

/** What a back-end peer runs: the operator's collects from all, the others' from their own organisation's IEDs. */
export const backEndComponents = (organisation: string, operator: string): NonNullable<AgentConfig['components']> => [
  'alarms',
  'audit',
  'peers',
  organisation === operator ? 'collector' : { use: 'collector', settings: { organisations: [organisation] } },
  'assets',
  'balance',
  'commands',
  'host-warnings',
  'degradation',
  'reliability',
  'outages',
  'suppliers',
]
