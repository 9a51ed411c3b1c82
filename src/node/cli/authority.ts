// The least of an authority that deploying one agent by hand needs: make an organisation's key, sign a credential.

import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { utcMs } from '../../../topology/units.ts'
import { authorityFrom, newAuthority, type Role, roles } from '../../mesh/credential.ts'
import { NodeError } from '../node-error.ts'

export const authorityCommand = (): Command => {
  const command = new Command('authority').description("makes an organisation's key and signs credentials with it")
  command
    .command('init')
    .description('makes the key of an organisation; keep the file off the IEDs')
    .argument('<organisation>')
    .requiredOption('--out <file>', 'where to write it (mode 0600)')
    .action(async (organisation: string, { out }: { out: string }) => {
      const authority = await newAuthority(organisation)
      const content = JSON.stringify({ organisation, ...(await authority.toJwk()) })
      await writeFile(out, `${content}\n`, { mode: 0o600, flag: 'wx' }).catch(cause => {
        throw new NodeError('BAD_INPUT', `${out}: ${(cause as Error).message}; want a file that is not there yet`, {
          cause,
        })
      })
      process.stdout.write(`organisation: ${organisation}\npublicKey: ${authority.publicKey}\n`)
    })
  command
    .command('show')
    .description('prints the public key, as configurations need it')
    .requiredOption('--authority <file>')
    .action(async ({ authority: file }: { authority: string }) => {
      const authority = await readAuthority(file)
      process.stdout.write(`organisation: ${authority.organisation}\npublicKey: ${authority.publicKey}\n`)
    })
  command
    .command('issue')
    .description('signs a credential')
    .requiredOption('--authority <file>', "the organisation's key")
    .requiredOption('--peer-id <id>', 'whose key it is for')
    .requiredOption('--name <name>', 'IED or back-end name, or a person')
    .addOption(new Option('--role <role...>', 'what it may be').choices(roles).makeOptionMandatory())
    .requiredOption('--feeder <name...>', 'feeders on which it counts')
    .option('--days <n>', 'validity', '365')
    .requiredOption('--out <file>')
    .action(async options => {
      const authority = await readAuthority(options.authority)
      const days = Number(options.days)
      if (!(days > 0 && days <= 36_500)) throw new NodeError('BAD_INPUT', `--days ${options.days}: want 1 to 36500`)
      const token = await authority.issue(
        { peerId: options.peerId, name: options.name, roles: options.role as Role[], feeders: options.feeder },
        { from: utcMs(Date.now()), days },
      )
      await writeFile(options.out, `${token}\n`)
      process.stdout.write(
        `${options.out}: ${options.name} of ${authority.organisation}, ${options.role.join(', ')}, ${days} days\n`,
      )
    })
  return command
}

async function readAuthority(file: string) {
  try {
    const { organisation, ...jwk } = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof organisation !== 'string') throw new Error('no "organisation" in it')
    return await authorityFrom(organisation, jwk)
  } catch (cause) {
    throw new NodeError(
      'BAD_INPUT',
      `${file}: not an authority's key: ${(cause as Error).message}; make one with "authority init"`,
      { cause },
    )
  }
}
