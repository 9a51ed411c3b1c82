export type ComtradeErrorCode =
  /** A file that is not there, or is no file. */
  | 'COMTRADE_NO_FILE'
  /** The configuration part says something that cannot be. */
  | 'COMTRADE_BAD_HEADER'
  /** The data part is not what the configuration part says. */
  | 'COMTRADE_BAD_DATA'
  /** It has no such channel, or none that can be used as asked. */
  | 'COMTRADE_NO_CHANNEL'
  /** More than is read here. */
  | 'COMTRADE_TOO_LARGE'

/** A recording that cannot be read: file, line, what is there, what would be right. Branch on `code`. */
export class ComtradeError extends Error {
  override readonly name = 'ComtradeError'
  readonly code: ComtradeErrorCode
  constructor(code: ComtradeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
