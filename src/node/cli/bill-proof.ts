// `feedermesh proof verify` of what `bill --proof` wrote: from the meter's signed readings to each line of the bill.

import type { z } from 'zod'
import type { BillProof } from '../../aggregation/certification/bill-proof.ts'
import { verifyBillProof } from '../bill-proof.ts'
import { exitCodes, NodeError } from '../node-error.ts'
import { outputs } from './outputs.ts'
import type { VerifyArguments } from './proof.ts'

export async function verifyBill(
  proof: BillProof,
  { authority, organisation, issuer, json }: VerifyArguments,
): Promise<void> {
  const roles = ['IED', 'BACKEND'] as const
  const other = issuer.map(given => {
    const at = given.indexOf('=')
    if (at < 1) throw new NodeError('BAD_INPUT', `--issuer ${given}: want NAME=KEY`)
    return { organisation: given.slice(0, at), publicKey: given.slice(at + 1), roles }
  })
  const owner = { organisation, publicKey: authority, roles }
  const { meter, readings, faults, remarks, bills, issuers, tariffs } = await verifyBillProof(proof, [owner, ...other])
  const output = outputs['bill-proof'].parse({
    meter,
    holds: faults.length === 0,
    faults,
    remarks,
    readings: readings.readings.length,
    edits: readings.edits.length,
    metering: readings.metering ?? null,
    bills: bills.map(({ fromUtc, toUtc, importKwh, total, currency }, n) => ({
      fromUtc,
      toUtc,
      importKwh,
      total,
      currency,
      issuer: issuers[n] ?? '',
      tariff: tariffs[n] ?? '',
    })),
  })
  process.stdout.write(json ? `${JSON.stringify(output)}\n` : textOf(output))
  if (faults.length > 0) process.exitCode = exitCodes.expectationFailed
}

function textOf(given: z.infer<(typeof outputs)['bill-proof']>): string {
  const lines = [
    `${given.holds ? 'holds' : 'DOES NOT HOLD'}: the bill of ${given.meter}, computed again of ${given.readings} signed readings`,
    ...given.faults.map(fault => `  fault: ${fault}`),
    ...given.bills.flatMap(({ fromUtc, toUtc, importKwh, total, currency, issuer, tariff }) => [
      `${fromUtc} to ${toUtc}: ${importKwh} kWh, ${total} ${currency}, issued by ${issuer}`,
      `  tariff: ${tariff}`,
    ]),
    ...given.remarks.map(remark => `  remark: ${remark}`),
  ]
  return `${lines.join('\n')}\n`
}
