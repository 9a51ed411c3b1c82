// Networks of this machine's own: places (network namespaces) on LANs (bridges), made with `ip` and gone afterwards. Nothing
// of it touches the machine's own network.
//
//   a ──eth0── ┐                 each place has an interface for each of its LANs, in the order of the LANs, and the
//              ├─ bridge "lan"   address 10.77.<LAN>.<place>, from 1
//   b ──eth0── ┘                 the bridges are in a namespace of their own

import { execFileSync, spawnSync } from 'node:child_process'

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })

/** Why this machine permits no namespaces, or undefined when it does. */
export function whyNoNamespaces(): string | undefined {
  const probe = `fm-${process.pid}-probe`
  try {
    ip('netns', 'add', probe)
    ip('netns', 'del', probe)
    return undefined
  } catch (error) {
    const { message, stderr } = error as { message: string; stderr?: Buffer }
    return `no network namespaces here: ${(stderr?.toString() || message).trim()}`
  }
}

export interface Network {
  /** The command that runs the rest of its arguments there. */
  inside(place: string): readonly string[]
  address(place: string, lan: string): string
  /** As pulling the cable at this place, and plugging it in again. */
  setLink(place: string, lan: string, state: 'up' | 'down'): void
  remove(): void
}

let made = 0

/** @param lans by name, the places on each */
export function makeNetwork(lans: Readonly<Record<string, readonly string[]>>): Network {
  const prefix = `fm-${process.pid}-${++made}`
  const places = [...new Set(Object.values(lans).flat())]
  const space = (place: string): string => `${prefix}-${place}`
  const hub = space('hub')
  const spaces = [hub, ...places.map(space)]
  const lanNames = Object.keys(lans)
  const hostPart = (place: string): number => places.indexOf(place) + 1
  const address = (place: string, lan: string): string => `10.77.${lanNames.indexOf(lan) + 1}.${hostPart(place)}`

  const remove = (): void => {
    process.off('exit', remove)
    for (const each of spaces) spawnSync('ip', ['netns', 'del', each])
  }
  process.on('exit', remove)
  try {
    for (const each of spaces) {
      ip('netns', 'add', each)
      ip('-n', each, 'link', 'set', 'lo', 'up')
    }
    for (const [index, lan] of lanNames.entries()) {
      ip('-n', hub, 'link', 'add', `br${index}`, 'type', 'bridge')
      ip('-n', hub, 'link', 'set', `br${index}`, 'up')
      for (const place of lans[lan] ?? []) {
        const [port, name] = [`p${index}x${hostPart(place)}`, `eth${index}`]
        ip('-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', name, 'netns', space(place))
        ip('-n', hub, 'link', 'set', port, 'master', `br${index}`, 'up')
        ip('-n', space(place), 'address', 'add', `${address(place, lan)}/24`, 'dev', name)
        ip('-n', space(place), 'link', 'set', name, 'up')
      }
    }
    // Without a route that covers it, multicast DNS goes nowhere, and says nothing.
    for (const place of places) {
      const first = lanNames.findIndex(lan => lans[lan]?.includes(place))
      ip('-n', space(place), 'route', 'add', '224.0.0.0/4', 'dev', `eth${first}`)
    }
  } catch (error) {
    remove()
    throw error
  }
  return {
    inside: place => ['ip', 'netns', 'exec', space(place)],
    address,
    setLink: (place, lan, state) => ip('-n', space(place), 'link', 'set', `eth${lanNames.indexOf(lan)}`, state),
    remove,
  }
}
