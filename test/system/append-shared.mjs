// A component that appends one record of each of some classes, for tests of who reads what.
export default {
  name: 'append-shared',
  async start({ ledger, bus, name }) {
    for (const each of ['billing', 'powerQuality', 'reliability']) {
      const { number } = await ledger.append(each, new TextEncoder().encode(`${each} of ${name}`))
      bus.emit('appended', { number })
    }
    return { stop() {} }
  },
}
