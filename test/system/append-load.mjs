// A component that appends records as fast as the disk takes them, and writes down outside the store which ones were
// acknowledged: what is in that file when the process is killed must be in the ledger.

import { openSync, writeSync } from 'node:fs'

export default {
  name: 'append-load',
  start({ ledger, settings }) {
    const file = openSync(settings.file, 'a')
    let isOver = false
    const running = (async () => {
      for (let n = 0; !isOver; n++) {
        const content = new TextEncoder().encode(`record ${process.pid} ${n} ${'x'.repeat(n % 500)}`)
        const { number, commitment } = await ledger.append(n % 3 === 0 ? 'event' : 'operation', content)
        writeSync(file, `${number} ${Buffer.from(commitment).toString('hex')}\n`)
        await new Promise(resolve => setTimeout(resolve, 4))
      }
    })()
    return {
      async stop() {
        isOver = true
        await running
      },
    }
  },
}
