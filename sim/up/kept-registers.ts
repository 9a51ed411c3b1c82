// Meters keep their registers when the power goes; the simulated ones keep them in a file between runs.

import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { RemoteDeviceHost } from '../devices/device-host-client.ts'

const kept = z.record(z.string(), z.object({ importWh: z.string(), exportWh: z.string() }))
type Registers = ReadonlyMap<string, { readonly importWh: bigint; readonly exportWh: bigint }>

export async function loadRegisters(dataDir: string): Promise<Registers | undefined> {
  try {
    const entries = kept.parse(JSON.parse(await readFile(join(dataDir, 'registers.json'), 'utf8')))
    return new Map(
      Object.entries(entries).map(([ied, { importWh, exportWh }]) => [
        ied,
        { importWh: BigInt(importWh), exportWh: BigInt(exportWh) },
      ]),
    )
  } catch {
    return undefined // the first run, or one that was killed: the meters are new
  }
}

export async function saveRegisters(
  dataDir: string,
  devices: RemoteDeviceHost,
  ieds: readonly string[],
): Promise<void> {
  const entries = await Promise.all(
    ieds.map(async ied => {
      const { importWh, exportWh } = await devices.registers(ied)
      return [ied, { importWh: String(importWh), exportWh: String(exportWh) }] as const
    }),
  )
  const path = join(dataDir, 'registers.json')
  await writeFile(`${path}.new`, JSON.stringify(Object.fromEntries(entries)))
  await rename(`${path}.new`, path)
}
