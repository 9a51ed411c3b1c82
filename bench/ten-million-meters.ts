// Meters for `ten-million.ts`, in a process of their own, so that its memory is the back end's alone. Asked for one, it sends one.

import { generateKeyPairSync, sign } from 'node:crypto'
import { signedBatches } from './recorded-batches.ts'

export interface MeterWanted {
  readonly ied: string
  readonly readings: number
  readonly batchOf: number
}

export interface MeterSent {
  readonly ied: string
  /** SPKI, DER. */
  readonly publicKey: Uint8Array
  readonly batches: readonly Uint8Array[]
}

process.on('disconnect', () => process.exit(0))
process.on('message', ({ ied, readings, batchOf }: MeterWanted) => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  void signedBatches(ied, message => new Uint8Array(sign(null, message, privateKey)), readings, batchOf).then(
    batches => {
      const sent: MeterSent = {
        ied,
        publicKey: new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })),
        batches,
      }
      process.send?.(sent)
    },
  )
})
