export type BillingErrorCode =
  /** A tariff that is not one: gaps, overlaps, bad dates, an unknown time zone. */
  | 'BAD_TARIFF'
  /** Interval data that cannot be read. */
  | 'BAD_INTERVALS'
  | 'BAD_PERIOD'

/** A bill could not be computed. Branch on `code`; the message says what is wrong and what is wanted. */
export class BillingError extends Error {
  override readonly name = 'BillingError'
  readonly code: BillingErrorCode
  constructor(code: BillingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
