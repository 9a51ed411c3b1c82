// mbpoll, a Modbus client that this project did not write, run once.

import { execFile, spawnSync } from 'node:child_process'

/** Why it cannot be used here, for the title of what is skipped. */
export const noMbpoll =
  spawnSync('mbpoll', ['-V']).error === undefined
    ? undefined
    : 'mbpoll is not installed: bash scripts/install-test-tools.sh'

/** @returns what it shows, by address; the number in brackets where it gives a signed one too */
export async function mbpoll(...args: string[]): Promise<Map<number, string>> {
  const shown = await new Promise<string>((resolve, reject) => {
    execFile('mbpoll', ['-1', '-0', '-o', '5', ...args], { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`mbpoll ${args.join(' ')}: ${stderr || stdout}`, { cause: error }))
      else resolve(`${stdout}${stderr}`)
    })
  })
  if (/failed/i.test(shown)) throw new Error(`mbpoll ${args.join(' ')}: ${shown}`)
  return new Map(
    [...shown.matchAll(/^\[(\d+)\]:\s+(\S+)(?: \((-?\d+)\))?/gm)].map(([, address, value = '', signed]) => [
      Number(address),
      signed ?? value,
    ]),
  )
}
