/** Exit codes of the command line (see `feedermesh --help`). */
export const exitCodes = {
  done: 0,
  expectationFailed: 1,
  badInput: 2,
  unreachable: 3,
  refused: 4,
  internal: 5,
} as const

export type NodeErrorCode = 'BAD_INPUT' | 'UNREACHABLE' | 'REFUSED'

/** What a person has to know: what is wrong, where, and what would be right. Its code decides the exit code. */
export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly code: NodeErrorCode
  constructor(code: NodeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
