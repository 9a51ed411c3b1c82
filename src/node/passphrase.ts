// A passphrase: from a file, from the environment, or typed at a terminal without showing it.

import { readText } from './config.ts'
import { NodeError } from './node-error.ts'

export const PASSPHRASE_VARIABLE = 'FEEDERMESH_PASSPHRASE'
/** IEEE 1686 asks for eight characters of an IED's user; this one guards all of them. */
const LEAST = 12

/**
 * @param ask what the prompt says
 * @param isNew typed twice, and long enough
 * @throws NodeError BAD_INPUT when there is none, or a new one is too short
 */
export async function readPassphrase(file: string | undefined, ask: string, isNew: boolean): Promise<string> {
  const given = file === undefined ? process.env[PASSPHRASE_VARIABLE] : readText(file, 'passphrase').split('\n')[0]
  if (given !== undefined && given !== '') return isNew ? longEnough(given) : given
  if (!process.stdin.isTTY) {
    throw new NodeError(
      'BAD_INPUT',
      `no passphrase: want --passphrase-file FILE, ${PASSPHRASE_VARIABLE}, a terminal to ask at, or --no-passphrase with "init"`,
    )
  }
  const typed = await prompt(`${ask}: `)
  if (!isNew) return typed
  longEnough(typed)
  if ((await prompt(`${ask}, again: `)) !== typed) throw new NodeError('BAD_INPUT', 'the two passphrases differ')
  return typed
}

function longEnough(passphrase: string): string {
  if (passphrase.length >= LEAST) return passphrase
  throw new NodeError('BAD_INPUT', `passphrase: ${passphrase.length} characters, want ${LEAST} at least`)
}

const ENTER = new Set(['\r', '\n', '\u0004'])
const ERASE = new Set(['\u007f', '\b'])
const GIVE_UP = '\u0003'

/** Reads a line from the terminal and shows none of it. */
function prompt(words: string): Promise<string> {
  const { stdin, stderr } = process
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = (): void => {
      stdin.off('data', take).setRawMode(false).pause()
      stderr.write('\n')
    }
    const take = (chunk: Buffer): void => {
      for (const character of chunk.toString('utf8')) {
        if (ENTER.has(character)) {
          end()
          return resolve(typed)
        }
        if (character === GIVE_UP) {
          end()
          return reject(new NodeError('BAD_INPUT', 'no passphrase was typed'))
        }
        typed = ERASE.has(character) ? typed.slice(0, -1) : typed + character
      }
    }
    // First this: who sees the prompt may type at once.
    stdin.setRawMode(true).resume().on('data', take)
    stderr.write(words)
  })
}
