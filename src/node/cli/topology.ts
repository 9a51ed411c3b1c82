// Questions about a feeder file: is it right, what does it look like, what hangs on what, and what would IEDs do on it.

import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { Command } from 'commander'
import { feederCounts } from '../../../topology/counts.ts'
import { oneLineDiagram } from '../../../topology/diagram/index.ts'
import { createFeeder, type DevicePosition, type Feeder } from '../../../topology/feeder.ts'
import { type Placing, placeIeds } from '../../../topology/place-ieds.ts'
import { type FeederRead, readFeederFile } from '../../../topology/read-any.ts'
import { writeFeeder } from '../../../topology/write-feeder.ts'
import { exitCodes, NodeError } from '../node-error.ts'
import { outputs } from './outputs.ts'
import { checkText, deviceCounts, judgedSettings, warningsOf } from './topology-check.ts'
import { downstreamOf, downstreamText, nameIn, whyNothing } from './topology-downstream.ts'
import { shownTree } from './topology-tree.ts'
import { zoneRows, zonesText } from './topology-zones.ts'

export const topologyCommand = (): Command => {
  const command = new Command('topology').description('checks, shows and converts feeder files (ours, or OpenDSS)')
  command
    .command('check')
    .description('reads a feeder file and counts what it has; every fault with file and line')
    .argument('<file>', 'feeder file (.yaml, .dss)')
    .option('--place', 'propose devices and IEDs by rule, and check the result', false)
    .option('--strict', 'exit code 1 when settings contradict each other', false)
    .option('--json', 'one JSON object', false)
    .action(check)
  command
    .command('show')
    .description('the feeder as a tree, or as a one-line diagram')
    .argument('<file>', 'feeder file (.yaml, .dss)')
    .option('--svg <out>', 'write the one-line diagram to this file; "-" is the standard output')
    .option('--open <device...>', 'with these devices open')
    .option('--close <device...>', 'with these devices closed')
    .option('--tree', 'draw the diagram as a tree even where the file has coordinates', false)
    .option('--place', 'propose devices and IEDs by rule', false)
    .option('--json', 'one JSON object', false)
    .action(show)
  command
    .command('zones')
    .description('what lies between switching devices: who bounds it, what it holds, what could feed it')
    .argument('<file>', 'feeder file (.yaml, .dss)')
    .option('--open <device...>', 'with these devices open')
    .option('--close <device...>', 'with these devices closed')
    .option('--place', 'propose devices and IEDs by rule', false)
    .option('--json', 'one JSON object', false)
    .action(zones)
  command
    .command('downstream')
    .description('what loses the source when one section or device alone opens')
    .argument('<file>', 'feeder file (.yaml, .dss)')
    .argument('<name>', 'section or device; any case will do where it is clear')
    .option('--open <device...>', 'with these devices open')
    .option('--close <device...>', 'with these devices closed')
    .option('--place', 'propose devices and IEDs by rule', false)
    .option('--json', 'one JSON object', false)
    .action(downstream)
  command
    .command('convert')
    .description('writes any feeder that we read as a feeder file of ours')
    .argument('<file>', 'feeder file (.yaml, .dss)')
    .option('-o, --out <file>', 'where to write it (default: the standard output)')
    .option('--place', 'propose devices and IEDs by rule', false)
    .action(convert)
  return command.addHelpText(
    'after',
    `
Examples:
  feedermesh topology check feeder.yaml
  feedermesh topology show Master.dss --place --svg feeder.svg
  feedermesh topology show topology/feeders/ieee13.yaml --open R684
  feedermesh topology downstream topology/feeders/ieee13.yaml R632 --json
  feedermesh topology convert Master.dss --place -o feeder.yaml`,
  )
}

interface Arguments {
  readonly place?: boolean
  readonly json?: boolean
  readonly open?: readonly string[]
  readonly close?: readonly string[]
}

interface Given {
  readonly read: FeederRead
  readonly placing: Placing | undefined
  /** In the state asked for. */
  readonly feeder: Feeder
}

function given(path: string, options: Arguments): Given {
  const read = readFeederFile(path)
  const placing = options.place === true ? placeIeds(read.feeder) : undefined
  const feeder = createFeeder(placing?.file ?? read.feeder)
  const opened = (options.open ?? []).map(name => operate(feeder, name, 'open'))
  const closed = (options.close ?? []).map(name => operate(feeder, name, 'closed'))
  const both = opened.find(name => closed.includes(name))
  if (both !== undefined) throw new NodeError('BAD_INPUT', `"${both}" — is in --open and in --close, want one of them`)
  return { read, placing, feeder }
}

/** @returns its name as the feeder has it */
function operate(feeder: Feeder, typed: string, position: DevicePosition): string {
  const name = nameIn('device', typed, feeder.file.devices)
  feeder.setPosition(name, position)
  return name
}

/** What the import left out or changed goes to the error stream, where it is in nobody's way. */
function sayNotes({ read }: Given): void {
  for (const { file, line, text } of read.notes) process.stderr.write(`${file}:${line}: ${text}\n`)
}

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`)

async function check(path: string, options: Arguments & { readonly strict?: boolean }): Promise<void> {
  const what = given(path, options)
  const { read, placing, feeder } = what
  const counts = feederCounts(feeder.file)
  const warnings = warningsOf(feeder)
  const settings = await judgedSettings(feeder.file)
  const answer = outputs['topology-check'].parse({
    file: path,
    name: feeder.file.name,
    format: read.format,
    ...counts,
    customers: feeder.file.loads.reduce((sum, load) => sum + load.customers, 0),
    devices: deviceCounts(feeder),
    zones: feeder.zones.length,
    ieds: feeder.file.ieds.length,
    notes: read.notes,
    warnings,
    settings,
    ...(placing ? { placed: { devices: placing.devices, ieds: placing.ieds, toCheck: placing.toCheck } } : {}),
  })
  if (options.json === true) print(answer)
  else process.stdout.write(checkText(answer))
  const isContradictory = settings.some(({ severity }) => severity === 'warning')
  if (options.strict === true && isContradictory) process.exitCode = exitCodes.expectationFailed
}

interface ShowArguments extends Arguments {
  readonly svg?: string
  readonly tree: boolean
}

function show(path: string, options: ShowArguments): void {
  const what = given(path, options)
  const { feeder } = what
  sayNotes(what)
  if (options.svg !== undefined) {
    const svg = oneLineDiagram(feeder, {
      arrange: options.tree ? 'tree' : 'coordinates',
      notes: [`drawn from ${relative('.', path).split('/').slice(-2).join('/')}`, ...stateNotes(options, what.placing)],
    })
    if (options.svg === '-') process.stdout.write(svg)
    else {
      writeOut(options.svg, svg)
      process.stderr.write(`${options.svg}: written\n`)
    }
    if (options.svg === '-' || options.json !== true) return
  }
  const tree = shownTree(feeder)
  if (options.json === true) print(outputs['topology-show'].parse({ name: feeder.file.name, rows: tree.rows }))
  else process.stdout.write(`${tree.lines.join('\n')}\n`)
}

function stateNotes(options: ShowArguments, placing: Placing | undefined): string[] {
  const changed = [
    ...(options.open ?? []).map(name => `${name} open`),
    ...(options.close ?? []).map(name => `${name} closed`),
  ]
  return [
    ...(placing ? ['with devices and IEDs proposed by rule'] : []),
    ...(changed.length > 0 ? [`shown with ${changed.join(', ')}`] : []),
  ]
}

function zones(path: string, options: Arguments): void {
  const what = given(path, options)
  sayNotes(what)
  const rows = zoneRows(what.feeder)
  if (options.json === true) print(outputs['topology-zones'].parse({ name: what.feeder.file.name, zones: rows }))
  else process.stdout.write(zonesText(rows))
}

function downstream(path: string, name: string, options: Arguments): void {
  const what = given(path, options)
  const { feeder } = what
  sayNotes(what)
  const answer = outputs['topology-downstream'].parse(downstreamOf(feeder, name))
  if (options.json === true) print(answer)
  else process.stdout.write(downstreamText(answer, whyNothing(feeder, answer)))
}

interface ConvertArguments extends Arguments {
  readonly out?: string
}

function convert(path: string, options: ConvertArguments): void {
  const what = given(path, options)
  const { read, placing, feeder } = what
  sayNotes(what)
  const text = `${headOf(path, read, placing)}${writeFeeder(feeder.file)}`
  if (options.out === undefined || options.out === '-') process.stdout.write(text)
  else {
    writeOut(options.out, text)
    process.stderr.write(
      `${options.out}: written${read.notes.length > 0 ? `, ${read.notes.length} notes of the import above` : ''}\n`,
    )
  }
}

/** Comments at the head of the file: where it comes from, and what a person has to look at. */
function headOf(path: string, { format, notes }: FeederRead, placing: Placing | undefined): string {
  const lines = [
    `Converted by feedermesh from ${path.split('/').at(-1)} (${format}).`,
    ...notes.map(({ file, line, text }) => `Note: ${file.split('/').at(-1)}:${line}: ${text}`),
    ...(placing?.toCheck ?? []),
  ]
  // What an imported file says must not end the comment.
  return `${lines.map(line => `# ${line.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')}`).join('\n')}\n\n`
}

function writeOut(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new NodeError('BAD_INPUT', `${path}: cannot be written (${reason})`, { cause: error })
  }
}
