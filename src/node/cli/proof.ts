// `feedermesh proof`: takes the proof of a meter's readings from its IED, and checks one with the authority's public key alone.

import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { z } from 'zod'
import { meteringWords } from '../../aggregation/assets/asset-history.ts'
import { type BillProof, billProofCodec } from '../../aggregation/certification/bill-proof.ts'
import { proofCodec } from '../../aggregation/certification/meter-proof.ts'
import { exitCodes, NodeError } from '../node-error.ts'
import { kwh } from '../reading-rows.ts'
import { moment } from './fraud.ts'
import { outputs } from './outputs.ts'
import { addressOf, loginOf } from './readouts.ts'

interface TakeArguments {
  readonly at: string
  readonly from: string
  readonly to: string
  readonly out: string
  readonly as?: string
  readonly data?: string
}

export interface VerifyArguments {
  readonly authority: string
  readonly organisation: string
  readonly issuer: readonly string[]
  readonly json: boolean
}

const answered = z.object({ proof: z.custom<Uint8Array>(value => value instanceof Uint8Array) })

export const proofCommand = (): Command =>
  new Command('proof')
    .description("the proof of a meter's readings, as they stand in its signed ledger")
    .addCommand(takeCommand())
    .addCommand(verifyCommand())

const takeCommand = (): Command =>
  new Command('take')
    .description('takes the proof of a time from the IED, into a file')
    .requiredOption('--at <address>', 'the IED: multiaddress, or its name where "up" runs it')
    .requiredOption('--from <utc>', 'readings that start at or after it')
    .requiredOption('--to <utc>', 'readings that end before or at it')
    .requiredOption('--out <file>', 'where to write it')
    .option('--as <file>', 'login: key, credential and whom to trust (default: FEEDERMESH_AS, then the viewer of "up")')
    .option('--data <dir>', "data directory of 'up', to look names up (default: the one under .feedermesh last used)")
    .action(async (options: TakeArguments) => {
      const parameters = { from: moment('--from', options.from), to: moment('--to', options.to) }
      const login = loginOf(options)
      const address = addressOf(options)
      const { askReadout } = await import('../readout-client.ts') // libp2p takes its time to load
      const { proof } = answered.parse(await askReadout(address, login, 'proof', parameters))
      await writeFile(options.out, proof)
      process.stdout.write(`${options.out}: ${proof.length} bytes, check it with "feedermesh proof verify"\n`)
    })

const verifyCommand = (): Command =>
  new Command('verify')
    .description("checks a proof; nothing is asked of anybody, and the authority's public key is all that is trusted")
    .argument('<file>', 'what "proof take" wrote')
    .requiredOption('--authority <key>', "public key of the IED owner's authority, as configurations name it")
    .requiredOption('--organisation <name>', 'whose authority it is')
    .option(
      '--issuer <name=key>',
      "of a bill, a tariff or prices by another organisation: that one's authority; as often as there are such",
      (each: string, before: string[]) => [...before, each],
      [],
    )
    .option('--json', 'one JSON object', false)
    .action(async (file: string, { authority, organisation, issuer, json }: VerifyArguments) => {
      let bytes: Uint8Array
      try {
        bytes = readFileSync(file)
      } catch (cause) {
        throw new NodeError('BAD_INPUT', `${file}: can't read it: ${(cause as Error).message}`, { cause })
      }
      const bill = billProofIn(bytes)
      if (bill !== undefined) {
        const { verifyBill } = await import('./bill-proof.ts')
        return verifyBill(bill, { authority, organisation, json, issuer })
      }
      const { verifyProof } = await import('../verify-proof.ts')
      const proof = proofIn(bytes, file)
      const trusted = { organisation, publicKey: authority, roles: ['IED'] as const }
      const { verdict, organisation: owner } = await verifyProof(proof, trusted)
      const { faults, remarks, readings, importWh, exportWh, metering = null, meteringChanges } = verdict
      const { rawImportWh, rawExportWh } = verdict
      const first = readings[0]?.reading.startUtcMs
      const last = readings.at(-1)?.reading.endUtcMs
      const output = outputs.proof.parse({
        ied: proof.ied,
        organisation: owner,
        holds: faults.length === 0,
        faults,
        remarks,
        readings: readings.length,
        fromUtc: first === undefined ? null : new Date(first).toISOString(),
        toUtc: last === undefined ? null : new Date(last).toISOString(),
        importKwh: kwh(importWh),
        exportKwh: kwh(exportWh),
        rawImportKwh: kwh(rawImportWh),
        rawExportKwh: kwh(rawExportWh),
        metering,
        meteringChanges,
      })
      process.stdout.write(json ? `${JSON.stringify(output)}\n` : textOf(output))
      if (faults.length > 0) process.exitCode = exitCodes.expectationFailed
    })

/** Undefined for what is none: then it is a proof of readings, or nothing. */
function billProofIn(bytes: Uint8Array): BillProof | undefined {
  try {
    return billProofCodec.decode(bytes)
  } catch {
    return undefined
  }
}

function proofIn(bytes: Uint8Array, file: string) {
  try {
    return proofCodec.decode(bytes)
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `${file}: ${(cause as Error).message}, want what "proof take" wrote`, { cause })
  }
}

function textOf(given: z.infer<(typeof outputs)['proof']>): string {
  const { ied, organisation, holds, faults, remarks, metering } = given
  const meter = metering === null ? 'its ledger names no metering settings' : meteringWords(metering)
  const lines = [
    `${holds ? 'holds' : 'DOES NOT HOLD'}: ${ied} of ${organisation}`,
    ...faults.map(fault => `  fault: ${fault}`),
    `${given.readings} readings, ${given.fromUtc ?? 'never'} to ${given.toUtc ?? 'never'}`,
    `import ${given.importKwh} kWh, export ${given.exportKwh} kWh; registers ${given.rawImportKwh} and ${given.rawExportKwh} kWh`,
    `meter: ${meter}; ${given.meteringChanges} changes of its settings in that time`,
    ...remarks.map(remark => `  remark: ${remark}`),
  ]
  return `${lines.join('\n')}\n`
}
