// Tells of each peer that comes and goes, and how many are connected then.

import type { Links } from '../mesh/links.ts'

/**
 * Before the links start. Counted, not listed: a back end has a thousand peers, who may all come within a minute.
 */
export function reportPeers(
  links: Pick<Links, 'onPeer'>,
  report: (event: string, fields: Record<string, unknown>) => void,
): void {
  let connected = 0
  links.onPeer(({ credential: { name } }, state) => {
    connected += state === 'up' ? 1 : -1
    report(`peer-${state}`, { peer: name, peers: connected })
  })
}
