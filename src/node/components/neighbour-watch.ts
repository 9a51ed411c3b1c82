// Alarms when a neighbour on the feeder falls silent: its agent, its machine or the way to it has failed, and what was
// counted on it for (a warning, an answer, a trip) will not come. Nothing is decided by that alone.

import type { Component } from '../component.ts'

export const neighbourWatch: Component = {
  name: 'neighbour-watch',
  start({ links, report, bus }) {
    /** Neighbours that answered, by peer id; those that are silent now. No more than the links hold. */
    const names = new Map<string, string>()
    const silent = new Set<string>()
    let stopped = false
    links.onLink((peerId, state) => {
      if (stopped) return
      const name = links.peers().find(peer => peer.peerId === peerId)?.credential.name ?? names.get(peerId)
      if (name === undefined) return
      names.set(peerId, name)
      if (state === 'silent') {
        silent.add(peerId)
        report('neighbour-silent', { ied: name })
      } else if (silent.delete(peerId)) report('neighbour-answering', { ied: name })
    })
    const cancel = bus.on('ready-asked', ({ answer }) => {
      const missing = [...silent].map(peerId => names.get(peerId)).sort()
      const why = missing.length > 0 ? { why: `silent: ${missing.join(', ')}` } : {}
      answer({ scheme: 'neighbours', ready: missing.length === 0, ...why })
    })
    return {
      stop() {
        stopped = true
        cancel()
      },
    }
  },
}
