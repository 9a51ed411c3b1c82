// The store of an agent as its configuration has it: on the disk, or in PostgreSQL.

import { join } from 'node:path'
import type { Store } from '../aggregation/store.ts'
import { openLevelStore } from './level-store.ts'
import { NodeError } from './node-error.ts'
import type { PostgresSettings } from './postgres-config.ts'
import { readText } from './read-text.ts'

export interface AgentStore extends Store {
  /** Writes all of it anew, without what was overwritten or deleted. */
  purge(): Promise<void>
}

/** @throws StoreError; NodeError BAD_INPUT when there is no password where the configuration says */
export async function openAgentStore(config: {
  readonly dataDir: string
  readonly postgres?: PostgresSettings | undefined
}): Promise<AgentStore> {
  if (config.postgres === undefined) return openLevelStore(join(config.dataDir, 'store'))
  const { url, table } = config.postgres
  const password = passwordOf(config.postgres)
  // Loaded by those alone who have one.
  const { openPostgresStore } = await import('./postgres-store.ts')
  return openPostgresStore({ url, table, ...(password === undefined ? {} : { password }) })
}

function passwordOf({ passwordFile, passwordEnv }: PostgresSettings): string | undefined {
  if (passwordFile !== undefined) return readText(passwordFile, 'password').split('\n')[0]
  if (passwordEnv === undefined) return undefined
  const password = process.env[passwordEnv]
  if (password) return password
  throw new NodeError('BAD_INPUT', `postgres.passwordEnv: ${passwordEnv} is not set, want the password in it`)
}
