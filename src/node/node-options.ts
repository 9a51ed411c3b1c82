/**
 * Options of Node for a process with agents in it. Without them V8 lets the young generation grow to three times 16 MB while
 * the agent starts, and keeps it: a quarter of all that an idle agent occupies. With 1 MB it is collected more often, and
 * each time in a fraction of a millisecond. One thread beside the main one collects and compiles; each has memory of its own. And what
 * is old is collected when it has grown by half: what loading and starting leave behind goes at once.
 *
 * They count when a process starts, and cannot be set later: `up` and the bench give them to their workers, and the first
 * line of `cli/main.ts` says the same.
 */
export const agentNodeOptions: readonly string[] = [
  '--max-semi-space-size=1',
  '--v8-pool-size=1',
  '--heap-growing-percent=50',
]
