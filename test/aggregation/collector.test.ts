import { memoryDisk, openMemoryStore } from '../../src/aggregation/memory-store.ts'
import { describeCollector } from './collector-conformance.ts'

describeCollector(
  'a collector',
  async () => {
    const disk = memoryDisk()
    let opened: { crash(): void } | undefined
    return {
      open: async () => {
        const store = openMemoryStore(disk)
        opened = store
        return store
      },
      crash: async () => opened?.crash(),
    }
  },
  60,
)
