// An agent's key file under a passphrase: a JWE (RFC 7516) in its compact form, which any JOSE tool opens. The passphrase
// wraps the content key by PBES2-HS512+A256KW (RFC 7518), the content is libp2p's form of the key under A256GCM.

import { CompactEncrypt, compactDecrypt } from 'jose'
import { fromString } from 'uint8arrays/from-string'
import { toString as text } from 'uint8arrays/to-string'

/** What a guess at the passphrase costs; OWASP's figure for PBKDF2 with HMAC-SHA-512. */
const ITERATIONS = 210_000

export async function sealKey(key: Uint8Array, passphrase: Uint8Array): Promise<Uint8Array> {
  const jwe = await new CompactEncrypt(key)
    .setProtectedHeader({ alg: 'PBES2-HS512+A256KW', enc: 'A256GCM' })
    .setKeyManagementParameters({ p2c: ITERATIONS })
    .encrypt(passphrase)
  return fromString(`${jwe}\n`)
}

/** @returns undefined when the passphrase is not its own, or the file is damaged */
export async function openKey(file: Uint8Array, passphrase: Uint8Array): Promise<Uint8Array | undefined> {
  try {
    const { plaintext } = await compactDecrypt(text(file).trim(), passphrase, {
      keyManagementAlgorithms: ['PBES2-HS512+A256KW'],
      contentEncryptionAlgorithms: ['A256GCM'],
      maxPBES2Count: 10 * ITERATIONS,
    })
    return plaintext
  } catch {
    return undefined
  }
}

/** libp2p's form begins with a byte of protobuf, a JWE with the base64url of "{". */
export const isSealedKey = (file: Uint8Array): boolean => text(file.subarray(0, 3)) === 'eyJ'
