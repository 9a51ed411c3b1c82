// The far end of the round trips, in a process of its own: a plain TCP echo, and a member that echoes beats.

import '../src/node/polyfill.ts'
import { type AddressInfo, createServer } from 'node:net'
import { openMember, readFeeder } from './members.ts'

export interface PeerReady {
  readonly kind: 'ready'
  readonly echoPort: number
  readonly peerId: string
  readonly addresses: readonly string[]
}

const [dir = '', name = ''] = process.argv.slice(2)

process.on('disconnect', () => process.exit(0))
process.on('SIGINT', () => {})

const echo = createServer({ noDelay: true }, socket => {
  socket.on('data', chunk => void socket.write(chunk))
  socket.on('error', () => socket.destroy())
})
await new Promise<void>(resolve => echo.listen(0, '127.0.0.1', resolve))
const { links } = await openMember(dir, readFeeder(), name)
await links.start()
process.send?.({
  kind: 'ready',
  echoPort: (echo.address() as AddressInfo).port,
  peerId: links.peerId,
  addresses: links.addresses(),
} satisfies PeerReady)
