// What the processes of the crowd say to the one that began them.

export interface CrowdPlan {
  readonly dir: string
  readonly feederPath: string
  readonly names: readonly string[]
  readonly readings: number
}

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
  | { readonly kind: 'memory'; readonly rssMb: number; readonly records: number }
  | { readonly kind: 'offered'; readonly event: 'tariff-offered' | 'prices-offered'; readonly atMs: number }
  | { readonly kind: 'failed'; readonly message: string }
