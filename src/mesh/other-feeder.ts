// Who goes by another feeder file than this peer: their protection messages are refused here, and ours there. People are told
// once of each, and again when it had been over in between.

import type { Credential } from './credential.ts'

/** Of more than these nobody is told by name; the refusals are counted all the same. */
const KEPT = 256

export function otherFeeder(alarm: (name: string, organisation: string) => void) {
  const differing = new Map<string, string>()
  return {
    /** @param verify whether the message is genuine: only then it says anything of its origin */
    refused({ peerId, name, organisation }: Credential, verify: () => boolean): void {
      if (differing.has(peerId) || differing.size >= KEPT || !verify()) return
      differing.set(peerId, name)
      alarm(name, organisation)
    },
    used: (peerId: string): void => void differing.delete(peerId),
    names: (): readonly string[] => [...new Set(differing.values())].sort(),
  }
}
