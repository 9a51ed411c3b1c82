// What the processes of the crowd say to the one that began them.

export interface CrowdPlan {
  readonly dir: string
  readonly feederPath: string
  readonly names: readonly string[]
  readonly readings: number
}

/** What the back end answers with its state. */
export type ToBackEnd = { readonly kind: 'state' }

export type ToCrowd =
  | { readonly kind: 'connect'; readonly peerId: string; readonly addresses: readonly string[] }
  | { readonly kind: 'deliver' }

export type FromCrowd =
  | { readonly kind: 'open' }
  | { readonly kind: 'connected'; readonly connected: number }
  | { readonly kind: 'delivered'; readonly ms: readonly number[]; readonly refused: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string }

export type FromBackEnd =
  | { readonly kind: 'ready'; readonly peerId: string; readonly addresses: readonly string[] }
  | {
      readonly kind: 'state'
      readonly rssMb: number
      readonly cpuMs: number
      readonly records: number
      /** Over TCP, to all who have connected to it, since its start. */
      readonly sentBytes: number
      readonly atMs: number
    }
  | { readonly kind: 'offered'; readonly what: 'tariff' | 'prices'; readonly atMs: number }
  | { readonly kind: 'said'; readonly messages: number }
  | { readonly kind: 'failed'; readonly message: string }
