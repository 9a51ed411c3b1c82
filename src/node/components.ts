// The components that ship with the agent, and how others are found.

import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Component } from './component.ts'
import { alarms } from './components/alarms.ts'
import { assetsComponent } from './components/assets.ts'
import { auditComponent } from './components/audit.ts'
import { balanceComponent } from './components/balance.ts'
import { billingComponent } from './components/billing.ts'
import { collectorComponent } from './components/collector.ts'
import { commandsComponent } from './components/commands.ts'
import { degradationComponent } from './components/degradation.ts'
import { earlyWarningComponent } from './components/early-warning.ts'
import { enterServiceComponent } from './components/enter-service.ts'
import { exchangeComponent } from './components/exchange.ts'
import { faultRecorder } from './components/fault-recorder.ts'
import { fieldDevice } from './components/field-device.ts'
import { generationManagement } from './components/generation-management.ts'
import { generatorProtection } from './components/generator-protection.ts'
import { hostWarnings } from './components/host-warnings.ts'
import { identityWatch } from './components/identity-watch.ts'
import { interlockComponent } from './components/interlock.ts'
import { intervalReadings } from './components/interval-readings.ts'
import { ledgerRetention } from './components/ledger-retention.ts'
import { loadManagement } from './components/load-management.ts'
import { neighbourWatch } from './components/neighbour-watch.ts'
import { outagesComponent } from './components/outages.ts'
import { peersReadout } from './components/peers.ts'
import { peripheralsComponent } from './components/peripherals.ts'
import { phasorCollector } from './components/phasor-collector.ts'
import { phasorsComponent } from './components/phasors.ts'
import { positions } from './components/positions.ts'
import { powerQualityComponent } from './components/power-quality.ts'
import { readinessComponent } from './components/readiness.ts'
import { relayStatesComponent } from './components/relay-states.ts'
import { reliabilityComponent } from './components/reliability.ts'
import { restorationComponent } from './components/restoration.ts'
import { rollUpComponent } from './components/roll-up.ts'
import { sequenceComponent } from './components/sequence-of-events.ts'
import { setpointsComponent } from './components/setpoints.ts'
import { siteTestComponent } from './components/site-test.ts'
import { softwareRelayComponent } from './components/software-relay.ts'
import { suppliersComponent } from './components/suppliers.ts'
import { syncCheckComponent } from './components/sync-check.ts'
import { transferTripComponent } from './components/transfer-trip.ts'
import { tripCoordinationComponent } from './components/trip-coordination.ts'
import { watchdogComponent } from './components/watchdog.ts'
import type { AgentConfig } from './config.ts'
import { NodeError } from './node-error.ts'

const shipped: readonly Component[] = [
  alarms,
  auditComponent,
  sequenceComponent,
  readinessComponent,
  peersReadout,
  neighbourWatch,
  fieldDevice,
  positions,
  earlyWarningComponent,
  powerQualityComponent,
  degradationComponent,
  reliabilityComponent,
  outagesComponent,
  relayStatesComponent,
  interlockComponent,
  tripCoordinationComponent,
  transferTripComponent,
  siteTestComponent,
  syncCheckComponent,
  restorationComponent,
  generatorProtection,
  enterServiceComponent,
  intervalReadings,
  billingComponent,
  suppliersComponent,
  exchangeComponent,
  peripheralsComponent,
  setpointsComponent,
  softwareRelayComponent,
  loadManagement,
  generationManagement,
  identityWatch,
  rollUpComponent,
  ledgerRetention,
  commandsComponent,
  faultRecorder,
  collectorComponent,
  hostWarnings,
  phasorsComponent,
  phasorCollector,
  watchdogComponent,
  assetsComponent,
  balanceComponent,
]

const IED = [
  'alarms',
  'audit',
  'sequence-of-events',
  'readiness',
  'peers',
  'neighbour-watch',
  'positions',
  'early-warning',
  'power-quality',
  'degradation',
  'reliability',
  'outages',
  'relay-states',
  'interlock',
  'trip-coordination',
  'transfer-trip',
  'site-test',
  'sync-check',
  'restoration',
  'generator-protection',
  'enter-service',
  'interval-readings',
  'billing',
  'identity-watch',
  'assets',
  'roll-up',
  'ledger-retention',
  'commands',
  'phasors',
  'peripherals',
  'setpoints',
  'software-relay',
  'load-management',
  'generation-management',
  'suppliers',
  'fault-recorder',
  'watchdog',
  'field-device',
]
const BACK_END = [
  'alarms',
  'audit',
  'peers',
  'collector',
  'ledger-retention',
  'assets',
  'balance',
  'commands',
  'host-warnings',
  'degradation',
  'reliability',
  'outages',
  'suppliers',
  'exchange',
  'watchdog',
]

/** What runs when the configuration names no components. The field device comes last, when all listen to it. */
export const defaultComponents = (config: AgentConfig): string[] => (config.role === 'IED' ? IED : BACK_END)

/** @param use a shipped component's name, or the path of a module whose default export is one */
export async function findComponent(use: string): Promise<Component> {
  const known = shipped.find(({ name }) => name === use)
  if (known !== undefined) return known
  if (!use.startsWith('.') && !isAbsolute(use)) {
    const names = shipped.map(({ name }) => name).join(', ')
    throw new NodeError('BAD_INPUT', `components: no component "${use}", want ${names}, or the path of a module`)
  }
  let loaded: { default?: Component }
  try {
    loaded = (await import(pathToFileURL(resolve(use)).href)) as { default?: Component }
  } catch (cause) {
    throw new NodeError('BAD_INPUT', `components: can't load ${use}: ${(cause as Error).message}`, { cause })
  }
  if (typeof loaded.default?.start !== 'function') {
    throw new NodeError(
      'BAD_INPUT',
      `components: ${use} has no default export with a start method, see docs/components.md`,
    )
  }
  return loaded.default
}
