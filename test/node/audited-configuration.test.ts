// An auditor reads in the audit log of an agent that its configuration was changed while it was not running: also where the
// file that was edited is one that the configuration names by the same path.

import { writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { newAuthority } from '../../src/mesh/credential.ts'
import { READOUT_PROTOCOL } from '../../src/node/readout.ts'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import { commandSite, type Desk } from './command-site.ts'

it('a device map that was edited since the last start is a change, one that was not is none', async () => {
  const site = commandSite([await newAuthority('u')])
  const auditor = await site.somebody('eve', ['SECAUD'])
  const map = site.write('map.yaml', 'coil: 1\n')
  const config = { device: { driver: 'modbus-tcp', host: 'memory', map } }
  const tool = site.mesh.join(auditor.credential)

  async function changesAt(desk: Desk): Promise<string[]> {
    site.mesh.connect(auditor.identity.peerId, desk.who.identity.peerId)
    const question = toCbor({ what: 'audit', parameters: { limit: 100 } })
    const answer = await tool.request(desk.who.identity.peerId, READOUT_PROTOCOL, question, { timeoutMs: 5000 })
    const { audit } = fromCbor(answer) as { audit: { kind: string; words: string }[] }
    return audit.filter(({ kind }) => kind === 'configuration').map(({ words }) => words)
  }

  let desk = await site.desk('recloser', { config })
  for (const content of ['coil: 1\n', 'coil: 2\n']) {
    await desk.agent.stop()
    writeFileSync(map, content)
    desk = await site.desk('recloser', { config, again: desk })
  }
  const changes = await changesAt(desk)
  await desk.agent.stop()
  expect(changes).toEqual([
    expect.stringMatching(/^first start, with configuration [0-9a-f]{16}$/),
    expect.stringMatching(/^configuration [0-9a-f]{16}, changed: device map$/),
  ])
})
