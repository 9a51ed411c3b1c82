import { Argument, Command } from 'commander'
import { z } from 'zod'
import { feederJsonSchema } from '../../../topology/json-schema.ts'
import { tariffSchema } from '../../aggregation/billing/tariff.ts'
import { deviceMapJsonSchema } from '../../hal/device-map.ts'
import { agentConfigSchema } from '../config.ts'
import { regrantJsonSchema, sharingJsonSchema } from '../sharing-file.ts'
import { outputs } from './outputs.ts'

const schemas: Record<string, () => unknown> = {
  feeder: feederJsonSchema,
  'device-map': deviceMapJsonSchema,
  tariff: () => z.toJSONSchema(tariffSchema, { io: 'input' }),
  'sharing-policy': sharingJsonSchema,
  regrant: regrantJsonSchema,
  agent: () => z.toJSONSchema(agentConfigSchema, { io: 'input' }),
  'sim-scenario': async () =>
    z.toJSONSchema((await import('../../../sim/run/index.ts')).simScenarioSchema, { io: 'input' }),
  ...Object.fromEntries(Object.entries(outputs).map(([name, schema]) => [name, () => z.toJSONSchema(schema)])),
}

export const schemaCommand = (): Command =>
  new Command('schema')
    .description('prints the JSON Schema of a file or of an output')
    .addArgument(new Argument('<name>').choices(Object.keys(schemas)))
    .action(async (name: string) => {
      process.stdout.write(`${JSON.stringify(await schemas[name]?.(), null, 2)}\n`)
    })
