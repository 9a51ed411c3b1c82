// Asks the back-end peers for their accounts: again and again for a view that is drawn anew, else when the scenario is over.

import { type Account, accountOf } from './account.ts'
import { accountLines } from './account-lines.ts'
import { plain } from './palette.ts'
import { nowMs, type Stage, until } from './stage.ts'

/** Read-outs go into the audit logs, and so do questions that are refused: not too often. */
const FIRST_MS = 15_000
const EVERY_MS = 30_000
/** After a peer has not answered. */
const AGAIN_MS = 1000
/** Of each IED, so many of the latest records are looked at. */
const RECORDS = { watching: 100, final: 2000 } as const

const indent = (line: string): string => `             ${line}`

export interface Accounts {
  readonly sinceUtcMs: number
  /** Asks all, and says what they told. With the time over, whoever has not answered has no account. */
  tell(withinMs: number, records?: keyof typeof RECORDS): Promise<readonly Account[]>
  /** Ends the asking in between. */
  stop(): void
}

export function watchAccounts(stage: Stage): Accounts {
  const { scenario, signal, story, view, plan, feeder } = stage
  // Readings end at multiples of their interval: none lies across it, so that bills and registers are of the same energy.
  const intervalMs = scenario.readingSeconds * 1000
  const sinceUtcMs = Math.ceil(Date.now() / intervalMs) * intervalMs
  let stopped = false

  async function askAll(records: number): Promise<void> {
    await Promise.all(
      plan.backEnds.map(async backEnd => {
        const account = await accountOf(plan, backEnd, feeder.file, { sinceUtcMs, records }, signal).catch(
          () => undefined,
        )
        if (account !== undefined) story.accounts.set(backEnd.name, account)
      }),
    )
  }

  async function watch(): Promise<void> {
    for (let waitMs = FIRST_MS; !stopped && !signal.aborted; waitMs = EVERY_MS) {
      await until(() => stopped, waitMs, signal)
      if (!stopped && !signal.aborted) await askAll(RECORDS.watching)
    }
  }
  if (view.isLive) void watch()

  return {
    sinceUtcMs,
    async tell(withinMs, records = 'watching') {
      story.accounts.clear()
      const deadline = nowMs() + withinMs
      await askAll(RECORDS[records])
      while (story.accounts.size < plan.backEnds.length && nowMs() < deadline && !signal.aborted) {
        await until(() => false, AGAIN_MS, signal)
        await askAll(RECORDS[records])
      }
      const told = plan.backEnds.flatMap(({ name }) => story.accounts.get(name) ?? [])
      // At the end the picture has them, and a live view always does.
      const isShown = view.isLive || records === 'final'
      const lines = isShown ? [] : ['what the back-end peers tell:', ...accountLines(told, plain).map(indent)]
      view.say('accounts', lines.join('\n'), { accounts: told })
      return told
    },
    stop() {
      stopped = true
    },
  }
}
