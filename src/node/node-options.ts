/**
 * Options of Node for a process with agents in it. Without them V8 lets the young generation grow to three times 16 MB while
 * the agent starts, and keeps it: a quarter of all that an idle agent occupies. With 2 MB it is collected more often, and
 * each time in a fraction of a millisecond.
 *
 * They count when a process starts, and cannot be set later: `up` and the bench give them to their workers, and the first
 * line of `cli/main.ts` says the same.
 */
export const agentNodeOptions: readonly string[] = ['--max-semi-space-size=2']
