// From a scenario's text to its checked form, or to one error that lists everything wrong with it.

import { statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import type { z } from 'zod'
import { readText } from '../../src/node/config.ts'
import { NodeError } from '../../src/node/node-error.ts'
import { type Complaint, complaintList, complaintsError, type FilePath } from '../../topology/complaint.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { readYaml } from '../../topology/feeder-yaml.ts'
import { readFeederFile } from '../../topology/read-any.ts'
import { complainOfSchema } from '../../topology/schema-complaints.ts'
import { TopologyError } from '../../topology/topology-error.ts'
import { checkScenario } from './check-scenario.ts'
import { EXPECTATIONS } from './expectation-schema.ts'
import { type SimScenario, type SimScenarioInput, simScenarioSchema } from './scenario-schema.ts'
import { ACTIONS } from './step-schema.ts'

export interface LoadedScenario {
  readonly scenario: SimScenario
  readonly feeder: FeederFile
}

/**
 * Reads a scenario and the feeder that it names, and checks all names and times in it.
 *
 * @throws NodeError BAD_INPUT with one line for each fault: `file:line: key: "value" — what is wrong, want what`
 */
export function readScenario(path: string): LoadedScenario {
  return inOurWords(() => {
    const yaml = readYaml(readText(path, 'scenario'), path)
    const scenario = parsed(yaml.value, path, yaml.lineOf)
    const feeder = feederOf(scenario.feeder, path, yaml.lineOf(['feeder']))
    const { complaints, complain } = complaintList()
    checkScenario(scenario, feeder, complain)
    throwIfAny(path, complaints, yaml.lineOf)
    return { scenario, feeder }
  })
}

/** A scenario that was made rather than read: checked in the same way. @throws NodeError BAD_INPUT */
export function checkedScenario(made: SimScenarioInput, feeder: FeederFile): SimScenario {
  return inOurWords(() => {
    const lineOf = (): number => 1
    const scenario = parsed(made, made.simulation, lineOf)
    const { complaints, complain } = complaintList()
    checkScenario(scenario, feeder, complain)
    throwIfAny(made.simulation, complaints, lineOf)
    return scenario
  })
}

/** As YAML that `readScenario` reads. */
export const writeScenario = (scenario: SimScenarioInput): string => stringify(scenario, { lineWidth: 120 })

/** Where the shipped feeders and scenarios are, from the sources or from dist/. */
export function shippedDir(): string {
  const here = fileURLToPath(new URL('../../', import.meta.url))
  return basename(here) === 'dist' ? dirname(here.replace(/\/$/, '')) : here
}

function inOurWords<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof TopologyError) throw new NodeError('BAD_INPUT', cause.message, { cause })
    throw cause
  }
}

type LineOf = (path: FilePath) => number

function parsed(value: unknown, file: string, lineOf: LineOf): SimScenario {
  const result = simScenarioSchema.safeParse(value)
  if (result.success) return result.data
  const { complaints, complain } = complaintList()
  complainOfSchema(
    result.error.issues.flatMap(issue => meant(issue, value)),
    value,
    complain,
  )
  throwIfAny(file, complaints, lineOf)
  throw new Error(`invariant: ${file} is refused without a complaint`)
}

function throwIfAny(file: string, complaints: readonly Complaint[], lineOf: LineOf): void {
  if (complaints.length > 0) throw complaintsError(file, complaints, lineOf)
}

type Issue = z.core.$ZodIssue

/** Of a step or expectation whose kind can be told: what is wrong with that kind, rather than that it is none at all. */
function meant(issue: Issue, value: unknown): readonly Issue[] {
  if (issue.code !== 'invalid_union') return [issue]
  const [list, index] = issue.path
  const kinds: readonly string[] = list === 'steps' ? ACTIONS : list === 'expect' ? EXPECTATIONS : []
  if (issue.path.length !== 2) return [issue]
  const entry = (value as Readonly<Record<string, readonly unknown[]>>)[String(list)]?.[Number(index)]
  if (typeof entry !== 'object' || entry === null) return [issue]
  const told = kinds.findIndex(kind => Object.hasOwn(entry, kind))
  const issues = issue.errors[told]
  if (issues === undefined) return [issue]
  return issues.map(each => ({ ...each, path: [...issue.path, ...each.path] }))
}

/** A file, relative to the scenario; else a feeder that is shipped. */
function feederOf(named: string, scenarioPath: string, line: number): FeederFile {
  const isPath = /[/\\]|\.(ya?ml|dss)$/i.test(named)
  const path = isPath
    ? resolve(dirname(scenarioPath), named)
    : join(shippedDir(), 'topology', 'feeders', `${named}.yaml`)
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    const want = isPath ? 'a feeder file, its path relative to this file' : 'a path, or the name of a shipped feeder'
    throw new NodeError('BAD_INPUT', `${scenarioPath}:${line}: feeder: "${named}" — no such file ${path}, want ${want}`)
  }
  return readFeederFile(path).feeder
}
