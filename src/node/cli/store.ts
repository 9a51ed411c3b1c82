import { join } from 'node:path'
import { Command } from 'commander'
import { openAgentStore } from '../agent-store.ts'
import { readAgentConfig } from '../config.ts'
import { NodeError } from '../node-error.ts'
import { rekeyStore } from '../sealed-store.ts'
import { storeSecret } from '../store-secret.ts'

export const storeCommand = (): Command => {
  const command = new Command('store').description("an agent's sealed store")
  command
    .command('rekey')
    .description('seals the store with another key file or passphrase; its agent must not run meanwhile')
    .requiredOption('--config <file>', "the agent's configuration, with the secret of now")
    .option('--key-file <file>', 'the new key file, made when it is not there')
    .option('--passphrase-file <file>', 'the new passphrase')
    .addHelpText(
      'after',
      `
Afterwards put the new one into the configuration:
  feedermesh store rekey --config ied.yaml --key-file /etc/feedermesh/store-2.key`,
    )
    .action(rekey)
  return command
}

async function rekey(options: { config: string; keyFile?: string; passphraseFile?: string }): Promise<void> {
  const config = readAgentConfig(options.config)
  const { store: settings, dataDir } = config
  const { keyFile, passphraseFile } = options
  if (settings === undefined)
    throw new NodeError('BAD_INPUT', `${options.config}: store: is not set, the store is in clear`)
  if ((keyFile === undefined) === (passphraseFile === undefined)) {
    throw new NodeError('BAD_INPUT', 'store rekey: want one of --key-file, --passphrase-file')
  }
  const fresh = storeSecret({ keyFile, passphraseFile, allowKeyInDataDir: settings.allowKeyInDataDir }, dataDir)
  const opened = await openAgentStore(config)
  try {
    await rekeyStore(opened, storeSecret(settings, dataDir), fresh)
  } finally {
    await opened.close()
  }
  const setting = keyFile === undefined ? `passphraseFile: ${passphraseFile}` : `keyFile: ${keyFile}`
  process.stdout.write(
    `${config.postgres === undefined ? join(dataDir, 'store') : config.postgres.table}: sealed with the new one; the configuration needs store: { ${setting} }\n`,
  )
}
