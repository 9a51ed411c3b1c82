// `up --config IED=FILE`: what one agent's configuration has instead of what `up` would give it, such as another field
// device: a replayed recording, a meter on a serial line. Who the agent is and where it listens remain `up`'s to say.

import { dirname, resolve } from 'node:path'
import { agentConfigFields, parseYaml, readText } from '../../src/node/config.ts'
import { deviceAt } from '../../src/node/device-config.ts'
import { NodeError } from '../../src/node/node-error.ts'
import type { FeederFile } from '../../topology/feeder-file.ts'
import { readYaml } from '../../topology/feeder-yaml.ts'
import { nearestName } from '../../topology/nearest-name.ts'

/** What `up` leaves to others to say. */
export const configurable = agentConfigFields
  .omit({
    name: true,
    role: true,
    feeder: true,
    dataDir: true,
    store: true,
    key: true,
    credential: true,
    authorities: true,
    listen: true,
    seeds: true,
    log: true,
  })
  .partial()

/**
 * @param given each `IED=FILE`; paths in a file are relative to it
 * @throws NodeError BAD_INPUT with one line for each fault
 */
export function configuredIeds(given: readonly string[], { ieds }: FeederFile): Map<string, Record<string, unknown>> {
  const configured = new Map<string, Record<string, unknown>>()
  for (const each of given) {
    const at = each.indexOf('=')
    const [name, file] = [each.slice(0, at), each.slice(at + 1)]
    if (at < 1 || file === '') throw new NodeError('BAD_INPUT', `--config ${each}: want IED=FILE`)
    if (!ieds.some(ied => ied.name === name)) {
      const names = ieds.map(ied => ied.name)
      const near = nearestName(name, names)
      throw new NodeError(
        'BAD_INPUT',
        `--config ${each}: no IED "${name}"${near === undefined ? '' : `, did you mean ${near}?`}`,
      )
    }
    if (configured.has(name)) throw new NodeError('BAD_INPUT', `--config ${each}: ${name} was configured before`)
    configured.set(name, sectionsOf(file))
  }
  return configured
}

function sectionsOf(file: string): Record<string, unknown> {
  const text = readText(file, 'configuration')
  const { device } = parseYaml(text, file, configurable)
  // The sections as they were written: what they leave out has its default when the agent reads it.
  const written = readYaml(text, file).value as Record<string, unknown>
  return device === undefined ? written : { ...written, device: deviceAt(device, path => resolve(dirname(file), path)) }
}
