// Where read-outs are at home. Whoever asks one of a peer that has it not is told what that peer lacks for it, and what would be
// right: another peer, a component, or a section of the configuration.

import { defaultComponents } from './components.ts'
import type { AgentConfig } from './config.ts'

interface Home {
  /** Any of them answers it. */
  readonly components: readonly string[]
  /** Of the configuration, without which the component answers it not. */
  readonly section?: string
  /** What only one of the two has of a component that both run. */
  readonly role?: AgentConfig['role']
}

const by = (components: string, more: Omit<Home, 'components'> = {}): Home => ({
  components: components.split(' '),
  ...more,
})
const collected = by('collector')
const either = by('interval-readings collector')

/** All but what each agent answers whatever it runs. A test holds it against the agents. */
export const readoutHomes: Readonly<Record<string, Home>> = {
  alarms: by('alarms'),
  alerts: by('alarms'),
  audit: by('audit'),
  bill: either,
  cost: by('suppliers'),
  degradation: by('degradation'),
  delivery: by('roll-up'),
  device: by('identity-watch'),
  events: by('fault-recorder'),
  exchange: by('exchange', { section: 'exchange' }),
  formulas: by('setpoints', { section: 'formulas or setpoints' }),
  fraud: by('balance'),
  history: either,
  'history-asked': collected,
  incident: by('sequence-of-events'),
  inventory: by('assets'),
  'known-peers': by('peers'),
  ledger: either,
  'ledger-evidence': collected,
  'ledger-heads': by('ledger-retention collector'),
  'ledger-records': by('ledger-retention collector'),
  'ledger-usage': by('ledger-retention'),
  'load-profile': either,
  loads: by('load-management'),
  maintenance: by('assets'),
  outages: by('outages'),
  peers: by('peers'),
  peripherals: by('peripherals', { section: 'peripherals' }),
  'phasor-places': by('phasor-collector'),
  phasors: by('phasors phasor-collector'),
  'power-quality': by('power-quality', { section: 'device' }),
  proof: by('assets', { role: 'IED' }),
  readable: collected,
  readings: either,
  ready: by('readiness'),
  receipts: by('roll-up'),
  regiven: collected,
  reliability: by('reliability'),
  'roll-up': by('roll-up'),
  sequence: by('sequence-of-events'),
  'site-test': by('site-test'),
  suppliers: by('suppliers'),
  totals: collected,
  usage: either,
  waveform: by('fault-recorder'),
  why: by('peers'),
}

const kinds = { IED: 'an IED', BACKEND: 'a back-end peer' } as const
const plurals = { IED: 'IEDs', BACKEND: 'back-end peers' } as const

/** @returns in words why this agent has it not; undefined for what is a read-out nowhere */
export function lacksFor(config: AgentConfig): (what: string) => string | undefined {
  const uses = (config.components ?? defaultComponents(config)).map(each =>
    typeof each === 'string' ? each : each.use,
  )
  const { name, role } = config
  return what => {
    const home = Object.hasOwn(readoutHomes, what) ? readoutHomes[what] : undefined
    if (home === undefined) return undefined
    const { components, section, role: of } = home
    const [one = ''] = components
    if (of !== undefined && of !== role) return `it is of ${plurals[of]}, and ${name} is ${kinds[role]}`
    const runs = components.find(each => uses.includes(each))
    if (runs !== undefined)
      return section === undefined
        ? `the component "${runs}" of ${name} is not ready yet`
        : `the component "${runs}" of ${name} wants the section "${section}" in its configuration`
    const which = components.map(each => `"${each}"`).join(' or ')
    const homes = (['IED', 'BACKEND'] as const).filter(each =>
      components.some(component => defaultComponents({ ...config, role: each }).includes(component)),
    )
    const own = components.find(each => defaultComponents(config).includes(each))
    if (own !== undefined)
      return `${name} does not run the component ${which}: its configuration leaves it out of "components"`
    const where = homes.map(each => plurals[each]).join(' and ')
    return homes.length === 0
      ? `${name} does not run the component ${which}: want "${one}" under "components" in its configuration`
      : `the component ${which} runs at ${where}, and ${name} is ${kinds[role]}`
  }
}
