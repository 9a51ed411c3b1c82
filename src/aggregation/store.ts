// The storage port: an ordered key-value store. The real one is level (src/node/level-store.ts).

export type Key = string

export interface Entry {
  readonly key: Key
  readonly value: Uint8Array
}

export type Change =
  | { readonly put: Key; readonly value: Uint8Array }
  | { readonly del: Key; readonly value?: undefined; readonly put?: undefined }

export type StoreErrorCode = 'STORE_LOCKED' | 'STORE_FULL' | 'STORE_FAILED' | 'STORE_CLOSED'

export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly code: StoreErrorCode
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export interface Store {
  get(key: Key): Promise<Uint8Array | undefined>
  /**
   * All or nothing. With `durable`, resolves once the changes would survive a power cut. Of a batch that failed nobody knows
   * which of the two it is, until a later one has succeeded: then it is decided, and what is read says which.
   * @throws StoreError
   */
  batch(changes: readonly Change[], options: { durable: boolean }): Promise<void>
  /** In key order (UTF-8 bytes), from <= key < to; at most `limit` entries; the last ones first with `reverse`. */
  range(from: Key, to: Key, options?: { limit?: number; reverse?: boolean }): AsyncIterable<Entry>
  /** Idempotent. */
  close(): Promise<void>
}
