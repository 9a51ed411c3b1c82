export type MeshErrorCode =
  | 'MESH_BAD_KEY'
  | 'MESH_UNREACHABLE'
  | 'MESH_REFUSED'
  | 'MESH_BAD_MESSAGE'
  | 'MESH_ADDRESS_IN_USE'

/** What the mesh could not do for its caller. Branch on `code`; the message is for people and may change. */
export class MeshError extends Error {
  override readonly name = 'MeshError'
  readonly code: MeshErrorCode
  constructor(code: MeshErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
