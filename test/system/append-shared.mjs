// A component that appends one record of each of some classes, for tests of who reads what; again and again with `everyMs`.
export default {
  name: 'append-shared',
  async start({ ledger, bus, name, settings, clock }) {
    let count = 0
    async function append() {
      for (const each of ['billing', 'powerQuality', 'reliability']) {
        const nth = count === 0 ? '' : ` ${count}`
        const { number } = await ledger.append(each, new TextEncoder().encode(`${each} of ${name}${nth}`))
        bus.emit('appended', { number })
      }
      count++
    }
    await append()
    const cancel = settings?.everyMs === undefined ? () => {} : clock.every(settings.everyMs, () => void append())
    return { stop: cancel }
  },
}
