import { defineConfig } from 'vitest/config'

const common = { setupFiles: ['./src/node/polyfill.ts'], hookTimeout: 60_000 }
const whole = ['test/system/**/!(sim-)*.test.ts', 'test/interop/**/*.test.ts']

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: whole,
          // They may share the machine with whole feeders, at the lowest priority.
          testTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole feeders with their processes: one file after the other, after all else, so that none starves another.
        test: {
          ...common,
          name: 'whole',
          include: whole,
          testTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    coverage: { provider: 'v8', include: ['src/**', 'sim/**', 'topology/**'], reporter: ['text-summary', 'html'] },
  },
})
