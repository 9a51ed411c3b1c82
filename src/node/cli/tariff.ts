// `feedermesh tariff check` and `feedermesh tariff import`.

import { Command } from 'commander'
import { Document, isScalar, visit } from 'yaml'
import { NodeError } from '../node-error.ts'

const MOST_URDB_BYTES = 4_000_000

export const tariffCommand = (): Command =>
  new Command('tariff')
    .description('checks tariff files, and imports them')
    .addCommand(
      new Command('check')
        .description('gaps and overlaps of a whole year, unknown zones, bad dates: each with its line')
        .argument('<files...>', 'tariff files')
        .action(async (files: string[]) => {
          const { readTariff } = await import('../tariff-file.ts')
          const { nightRemarks } = await import('../../aggregation/billing/night-rules.ts')
          for (const file of files) {
            const { tariff, timeZone, schedules, energy, demand } = readTariff(file)
            const remarks = nightRemarks({ schedules }).map(each => `  remark: ${each}\n`)
            const parts = `${energy.length} energy and ${demand.length} demand charges, ${Object.keys(schedules).length} schedules`
            process.stdout.write(
              `${file}: sound: "${tariff}" in ${timeZone}, ${parts}, each minute of a year in one period\n`,
            )
            process.stdout.write(remarks.join(''))
          }
        }),
    )
    .addCommand(
      new Command('import')
        .description("a tariff of OpenEI's Utility Rate Database (URDB, JSON) as a tariff file")
        .argument('<file>', 'JSON file')
        .requiredOption('--zone <name>', 'time zone of the site, such as America/Los_Angeles: URDB has none')
        .action(async (file: string, { zone }: { zone: string }) => {
          const { BillingError, urdbTariff } = await import('../../aggregation/billing/index.ts')
          const { parseTariff, readLarge } = await import('../tariff-file.ts')
          const text = readLarge(file, 'URDB tariff', MOST_URDB_BYTES)
          try {
            const yaml = yamlOf(urdbTariff(JSON.parse(text), zone))
            parseTariff(yaml, file) // what is printed can be used
            process.stdout.write(yaml)
          } catch (cause) {
            if (cause instanceof SyntaxError)
              throw new NodeError('BAD_INPUT', `${file}: not JSON: ${cause.message}`, { cause })
            if (cause instanceof BillingError) throw new NodeError('BAD_INPUT', `${file}: ${cause.message}`, { cause })
            throw cause
          }
        }),
    )

/** Lists of months and days each on one line. */
function yamlOf(tariff: object): string {
  const document = new Document(tariff, { aliasDuplicateObjects: false })
  visit(document, {
    Seq(_, node) {
      if (node.items.every(isScalar)) node.flow = true
    },
  })
  return document.toString({ lineWidth: 110 })
}
