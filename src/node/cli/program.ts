// The command line. Each sub-command is a file; this one only says which there are and how they end.

import { Command, CommanderError } from 'commander'
import { exitCodes } from '../node-error.ts'
import { PROGRAM_VERSION } from '../program-version.ts'
import { agentCommand } from './agent.ts'
import { alertsCommand } from './alerts.ts'
import { authorityCommand } from './authority.ts'
import { billCommands } from './bill.ts'
import { commandCommand } from './command.ts'
import { deviceMapsCommand } from './device-maps.ts'
import { eventsCommand } from './events.ts'
import { exchangeCommand } from './exchange.ts'
import { explain } from './explain.ts'
import { fraudCommand } from './fraud.ts'
import { ledgerCommand } from './ledger.ts'
import { listingCommands } from './listings.ts'
import { maintenanceCommand } from './maintenance.ts'
import { portionsCommand } from './portions.ts'
import { pqCommand } from './pq.ts'
import { proofCommand } from './proof.ts'
import { protectionCommand } from './protection.ts'
import { readoutCommands } from './readouts.ts'
import { readyCommand } from './ready.ts'
import { reliabilityCommands } from './reliability.ts'
import { schemaCommand } from './schema.ts'
import { simCommand } from './sim.ts'
import { siteTestCommand } from './site-test.ts'
import { storeCommand } from './store.ts'
import { supplierCommands } from './suppliers.ts'
import { tariffCommand } from './tariff.ts'
import { topologyCommand } from './topology.ts'
import { upCommand } from './up.ts'
import { whyCommand } from './why.ts'

/** So that most commands take one line. */
const HELP_WIDTH = 118

function program(): Command {
  const program = new Command('feedermesh')
    .description('Peer-to-peer mesh agent for the intelligent electronic devices of a power-distribution feeder.')
    .version(PROGRAM_VERSION)
    .configureOutput({ getOutHelpWidth: () => Math.min(process.stdout.columns ?? HELP_WIDTH, HELP_WIDTH) })
    .enablePositionalOptions() // `alerts acknowledge` has options that `alerts` has too
    .addHelpText(
      'after',
      `
Examples:
  feedermesh up topology/feeders/ieee13.yaml           a whole feeder on this machine
  feedermesh topology show feeder.yaml --svg out.svg   a feeder file as a one-line diagram
  feedermesh agent --example > ied.yaml                a configuration to start from
  feedermesh agent --config ied.yaml                   one agent, as on a device
  feedermesh peers --at recloser-675                   ask an agent that 'up' runs
  feedermesh command recloser-675 open --as ada.yaml   order a device

Exit codes: 0 done, 1 an expectation failed, 2 bad input or usage, 3 unreachable, 4 refused, 5 internal,
130 interrupted.`,
    )
  for (const command of [
    upCommand(),
    agentCommand(),
    authorityCommand(),
    storeCommand(),
    topologyCommand(),
    ...readoutCommands(),
    alertsCommand(),
    commandCommand(),
    ...listingCommands(),
    maintenanceCommand(),
    fraudCommand(),
    proofCommand(),
    ...reliabilityCommands(),
    ...billCommands(),
    ...supplierCommands(),
    exchangeCommand(),
    tariffCommand(),
    ledgerCommand(),
    portionsCommand(),
    eventsCommand(),
    whyCommand(),
    readyCommand(),
    pqCommand(),
    simCommand(),
    protectionCommand(),
    siteTestCommand(),
    deviceMapsCommand(),
    schemaCommand(),
  ]) {
    program.addCommand(command)
  }
  endsHere(program)
  return program
}

/** Runs what these arguments ask for, and sets the exit code. Never rejects. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.badInput
    } else {
      const { line, code } = explain(error)
      process.stderr.write(`${line}\n`)
      process.exitCode = code
    }
  }
}

/** Commander's own complaints too are one line, and end through the exit codes above. */
function endsHere(command: Command): void {
  command.exitOverride().configureOutput({
    outputError: (text, write) => write(`${text.trim().replaceAll('\n', ' ')}${hint(text, command)}\n`),
  })
  for (const each of command.commands) endsHere(each)
}

function hint(text: string, command: Command): string {
  return text.startsWith('error:') ? ` (${pathOf(command)} --help shows what there is)` : ''
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`
}
