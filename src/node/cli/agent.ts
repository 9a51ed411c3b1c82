import { Command } from 'commander'
import { monotonicMs } from '../clock.ts'
import { readAgentConfig } from '../config.ts'
import { exampleConfig } from '../example-config.ts'
import { jsonLog } from '../log.ts'
import { NodeError } from '../node-error.ts'

export const agentCommand = (): Command =>
  new Command('agent')
    .description('runs one agent, as on a device')
    .option('--config <file>', 'its configuration (YAML)')
    .option('--example', 'print a commented configuration')
    .addHelpText(
      'after',
      `
On the first start the agent makes its key and says for which peer id your authority must sign a credential:
  feedermesh agent --config ied.yaml
  feedermesh authority issue --authority utility --peer-id 12D3… --name recloser-675 --role IED --feeder ieee13 --out credential.jwt
  feedermesh agent --config ied.yaml`,
    )
    .action(run)

async function run({ config, example }: { config?: string; example?: boolean }): Promise<void> {
  if (example === true) return void process.stdout.write(exampleConfig)
  if (config === undefined) throw new NodeError('BAD_INPUT', 'agent: want --config FILE, or --example to see one')
  const settings = readAgentConfig(config)
  const { startAgent } = await import('../agent.ts') // libp2p takes its time to load
  const { serviceManager } = await import('../service-manager.ts')
  const log = jsonLog({ ied: settings.name }, settings.log)
  const manager = await serviceManager(process.env, process.pid, reason => log.warn('service-manager', { reason }))
  const agent = await startAgent(settings, { log, ...(manager ? { serviceManager: manager } : {}) })
  const { rehearse } = await import('../rehearsal.ts')
  const ends = new AbortController()
  void rehearse({ now: monotonicMs, signal: ends.signal })
  await new Promise<void>(resolve => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
  ends.abort()
  await agent.stop()
}
