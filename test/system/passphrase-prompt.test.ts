// The passphrase of an authority as a person types it: at a terminal, which shows none of it. `script` of util-linux gives
// the program one of its own.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { feedermesh, MAIN } from './cli-process.ts'

const dir = mkdtempSync(join(tmpdir(), 'feedermesh-prompt-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))
const hasScript = spawnSync('script', ['--version']).status === 0
const reason = hasScript ? '' : ' (skipped: no "script" of util-linux here)'

const PASSPHRASE = 'correct horse battery'
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/**
 * Types each line once the program asks for it, and tells what the terminal showed.
 * @param keys by what the prompt ends with, in the order in which it asks
 */
async function typing(args: readonly string[], keys: readonly (readonly [prompt: string, typed: string])[]) {
  const command = [process.execPath, MAIN, ...args].map(quoted).join(' ')
  const { FEEDERMESH_PASSPHRASE: _, ...env } = process.env
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: dir, env })
  const left = [...keys]
  let shown = ''
  let answered = 0
  child.stdout.setEncoding('utf8').on('data', text => {
    shown += text
    const [next] = left
    if (next === undefined || !shown.slice(answered).includes(next[0])) return
    left.shift()
    answered = shown.length
    child.stdin.write(next[1])
  })
  const [code] = await once(child, 'close')
  return { code, shown, unasked: left.map(([prompt]) => prompt) }
}

const NEW = "passphrase for utility's key: "
const AGAIN = "passphrase for utility's key, again: "
const init = (out: string, ...keys: readonly (readonly [string, string])[]) =>
  typing(['authority', 'init', 'utility', '--out', out], keys)

describe.skipIf(!hasScript)(`a passphrase typed at a terminal${reason}`, { timeout: 120_000 }, () => {
  it('is asked for twice when it is new, and shown nowhere; then once, and opens the key', async () => {
    // A slip of the finger is taken back.
    const made = await init('typed', [NEW, `${PASSPHRASE}x\x7f\r`], [AGAIN, `${PASSPHRASE}\r`])
    expect(made).toMatchObject({ code: 0, unasked: [] })
    expect(made.shown).toContain('organisation: utility')
    expect(made.shown).not.toContain('horse')

    const issue = ['authority', 'issue', '--authority', 'typed', '--person', '--name', 'ada', '--role', 'VIEWER']
    const more = ['--feeder', 'f', '--out-dir', 'people']
    const opened = await typing([...issue, ...more], [['passphrase of typed: ', `${PASSPHRASE}\r`]])
    expect(opened).toMatchObject({ code: 0, unasked: [] })
    expect(opened.shown).toContain('ada of utility, VIEWER')
    expect(opened.shown).not.toContain('horse')
    // What was typed is the passphrase, and no other is.
    writeFileSync(join(dir, 'pass'), `${PASSPHRASE}\n`)
    const byFile = [...issue, ...more.slice(0, 3), 'others', '--passphrase-file', 'pass']
    expect((await feedermesh(byFile, dir)).code).toBe(0)
    const wrong = await typing([...issue, ...more], [['passphrase of typed: ', 'incorrect horse\r']])
    expect(wrong).toMatchObject({ code: 2, unasked: [] })
    expect(wrong.shown).toContain('wrong passphrase')
  })

  const refused: { it: string; keys: (readonly [string, string])[]; says: string }[] = [
    {
      it: 'typed otherwise the second time',
      keys: [
        [NEW, `${PASSPHRASE}\r`],
        [AGAIN, 'another one altogether\r'],
      ],
      says: 'differ',
    },
    { it: 'that is too short', keys: [[NEW, 'short\r']], says: 'want 12 at least' },
    { it: 'given up with Ctrl-C', keys: [[NEW, 'half of\x03']], says: 'no passphrase was typed' },
  ]
  for (const [index, { it: what, keys, says }] of refused.entries()) {
    it(`makes no key when it is one ${what}`, async () => {
      const out = `refused-${index}`
      const ended = await init(out, ...keys)
      expect(ended).toMatchObject({ code: 2, unasked: [] })
      expect(ended.shown).toContain(says)
      expect(existsSync(join(dir, out, 'key.jwe'))).toBe(false)
    })
  }
})
