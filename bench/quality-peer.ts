// The far end of the interlock's round trips: answers questions, serves bulk, and makes load of its own when it is told to.

import '../src/node/polyfill.ts'
import { openMember, readFeeder } from './members.ts'
import { serveLoad, startLoad } from './quality-load.ts'

export interface QualityReady {
  readonly kind: 'ready'
  readonly peerId: string
  readonly addresses: readonly string[]
}
export type QualityOrder = { readonly kind: 'load'; readonly peerId: string } | { readonly kind: 'rest' }
export interface QualityDone {
  readonly kind: 'done'
}

const [dir = '', name = ''] = process.argv.slice(2)
process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})

const member = await openMember(dir, readFeeder(), name)
const { links } = member
serveLoad(links)
links.onAsk((_, question) => question)
let endLoad = async (): Promise<void> => {}
process.on('message', (order: QualityOrder) => {
  void (async () => {
    if (order.kind === 'rest') await endLoad()
    else {
      links.hold(new Set([order.peerId]))
      endLoad = await startLoad(member, order.peerId, dir)
    }
    process.send?.({ kind: 'done' } satisfies QualityDone)
  })()
})
await links.start()
process.send?.({ kind: 'ready', peerId: links.peerId, addresses: links.addresses() } satisfies QualityReady)
