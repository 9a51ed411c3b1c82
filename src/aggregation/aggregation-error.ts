export type AggregationErrorCode =
  /** A peer sent bytes that are not the message they claim to be. */
  | 'MALFORMED'
  /** The store belongs to another IED. */
  | 'LEDGER_FOREIGN'
  /** What is stored contradicts itself; nothing may be appended to it. */
  | 'LEDGER_CORRUPT'
  /** An append failed, so whether its number is used is unknown until the ledger is opened again. */
  | 'LEDGER_FAILED'
  /** The quota has no room for a record of this class now; later it may. */
  | 'LEDGER_FULL'
  | 'RECORD_TOO_LARGE'

/** Storing or exchanging records did not work. Branch on `code`; the message is for people and may change. */
export class AggregationError extends Error {
  override readonly name = 'AggregationError'
  readonly code: AggregationErrorCode
  constructor(code: AggregationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
