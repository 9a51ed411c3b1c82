import { defineConfig } from 'vitest/config'

const common = {
  setupFiles: ['./src/node/polyfill.ts'],
  globalSetup: ['./test/temporary-files.ts'],
  hookTimeout: 300_000,
}

/** Feeders of eight to eighteen agents, in real time: they want the machine for themselves while they start. */
const whole = ['kill', 'scenario'].map(name => `test/system/${name}.test.ts`)
/** What takes its time, and is not of each CI run: `npm run test:long`, and part of `npm test`. */
const long = [
  'trust-scenario',
  'protection',
  'return-to-normal',
  'degradation',
  'site-test',
  'intruder',
  'warned-sets',
  'portions-live',
  'slow-link',
  'netns-links',
  'money',
  'price-push',
  'asked-history',
]
  .map(name => `test/system/${name}.test.ts`)
  .concat('test/sim/run/determinism.test.ts', 'test/sim/rollup/hierarchy.test.ts')
/** What runs in real time with few agents, over sockets, timers and processes: it waits more than it computes. */
const live = [
  'test/system/**/!(sim-)*.test.ts',
  'test/interop/**/*.test.ts',
  'test/mesh/{answer-stream,libp2p-links,lanes,malformed-questions,one-address,protection-links,protection-places,relay}.test.ts',
  'test/mesh/{renewal,revocation,steady-yamux,streams,three-ways,datagram-port}.test.ts',
  'test/wire/live-peer.test.ts',
  'test/node/{clock,commands-shell,full-disk,host-hooks,listings,multiplier-shell,precedence-shell,revocation-desk,revoked-person,topology-cli,trust}.test.ts',
  'test/node/postgres-store.test.ts',
  'test/node/{warning-lifetime,watchdog}.test.ts',
  'test/hal/{modbus-hal,modbus-rtu,modbus-operate,hal-conformance,c37118-hal}.test.ts',
  'test/hal/sunspec/sunspec-{hal,rtu}.test.ts',
  'test/sim/device-host.test.ts',
  'test/bench/{broker,reach}.test.ts',
]

/** How many files at once. Of two live ones, one waits while the other computes. The parts share their modules: half the time. */
const how = {
  parts: { maxWorkers: 2, isolate: false },
  live: { maxWorkers: 2 },
  whole: { fileParallelism: false },
  long: { fileParallelism: false },
}

/** One group after the other; CI runs the parts beside the other two, at the lowest priority. */
const project = (
  name: keyof typeof how,
  include: readonly string[],
  exclude: readonly string[],
  groupOrder: number,
) => ({
  test: {
    ...common,
    name,
    include: [...include],
    exclude: [...exclude],
    // A net for what hangs, not a measure: the machine may be busy with the other groups, and these have the priority.
    testTimeout: name === 'parts' ? 600_000 : 120_000,
    ...how[name],
    sequence: { groupOrder },
  },
})

export default defineConfig({
  test: {
    projects: [
      project('parts', ['test/**/*.test.ts'], [...whole, ...live, ...long], 0),
      project('live', live, [...whole, ...long], 1),
      project('whole', whole, [], 2),
      project('long', long, [], 3),
    ],
    coverage: { provider: 'v8', include: ['src/**', 'sim/**', 'topology/**'], reporter: ['text-summary', 'html'] },
  },
})
