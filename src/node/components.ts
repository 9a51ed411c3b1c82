// The components that ship with the agent, and how others are found.

import { isAbsolute, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Component } from './component.ts'
import type { AgentConfig } from './config.ts'
import { NodeError } from './node-error.ts'

/** Each is loaded when it is named: a meter has no use for a collector's code, nor the memory. */
const shipped: Readonly<Record<string, () => Promise<Component>>> = {
  alarms: async () => (await import('./components/alarms.ts')).alarms,
  audit: async () => (await import('./components/audit.ts')).auditComponent,
  'sequence-of-events': async () => (await import('./components/sequence-of-events.ts')).sequenceComponent,
  readiness: async () => (await import('./components/readiness.ts')).readinessComponent,
  peers: async () => (await import('./components/peers.ts')).peersReadout,
  'neighbour-watch': async () => (await import('./components/neighbour-watch.ts')).neighbourWatch,
  'field-device': async () => (await import('./components/field-device.ts')).fieldDevice,
  positions: async () => (await import('./components/positions.ts')).positions,
  'early-warning': async () => (await import('./components/early-warning.ts')).earlyWarningComponent,
  'power-quality': async () => (await import('./components/power-quality.ts')).powerQualityComponent,
  degradation: async () => (await import('./components/degradation.ts')).degradationComponent,
  reliability: async () => (await import('./components/reliability.ts')).reliabilityComponent,
  outages: async () => (await import('./components/outages.ts')).outagesComponent,
  'relay-states': async () => (await import('./components/relay-states.ts')).relayStatesComponent,
  interlock: async () => (await import('./components/interlock.ts')).interlockComponent,
  'trip-coordination': async () => (await import('./components/trip-coordination.ts')).tripCoordinationComponent,
  'transfer-trip': async () => (await import('./components/transfer-trip.ts')).transferTripComponent,
  'site-test': async () => (await import('./components/site-test.ts')).siteTestComponent,
  'sync-check': async () => (await import('./components/sync-check.ts')).syncCheckComponent,
  restoration: async () => (await import('./components/restoration.ts')).restorationComponent,
  'generator-protection': async () => (await import('./components/generator-protection.ts')).generatorProtection,
  'enter-service': async () => (await import('./components/enter-service.ts')).enterServiceComponent,
  'interval-readings': async () => (await import('./components/interval-readings.ts')).intervalReadings,
  billing: async () => (await import('./components/billing.ts')).billingComponent,
  suppliers: async () => (await import('./components/suppliers.ts')).suppliersComponent,
  exchange: async () => (await import('./components/exchange.ts')).exchangeComponent,
  peripherals: async () => (await import('./components/peripherals.ts')).peripheralsComponent,
  setpoints: async () => (await import('./components/setpoints.ts')).setpointsComponent,
  'software-relay': async () => (await import('./components/software-relay.ts')).softwareRelayComponent,
  'load-management': async () => (await import('./components/load-management.ts')).loadManagement,
  'generation-management': async () => (await import('./components/generation-management.ts')).generationManagement,
  'identity-watch': async () => (await import('./components/identity-watch.ts')).identityWatch,
  'roll-up': async () => (await import('./components/roll-up.ts')).rollUpComponent,
  'ledger-retention': async () => (await import('./components/ledger-retention.ts')).ledgerRetention,
  commands: async () => (await import('./components/commands.ts')).commandsComponent,
  'fault-recorder': async () => (await import('./components/fault-recorder.ts')).faultRecorder,
  collector: async () => (await import('./components/collector.ts')).collectorComponent,
  'host-warnings': async () => (await import('./components/host-warnings.ts')).hostWarnings,
  phasors: async () => (await import('./components/phasors.ts')).phasorsComponent,
  'phasor-collector': async () => (await import('./components/phasor-collector.ts')).phasorCollector,
  watchdog: async () => (await import('./components/watchdog.ts')).watchdogComponent,
  assets: async () => (await import('./components/assets.ts')).assetsComponent,
  balance: async () => (await import('./components/balance.ts')).balanceComponent,
}

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

/** Shipped ones that have been loaded. */
const loadedBefore = new Map<string, Component>()

/**
 * All shipped ones, for who starts agents in virtual time: it waits for promises, and not for a module, which comes in another
 * turn of the event loop even if it is loaded already. After this none is imported any more.
 */
export async function loadComponents(): Promise<void> {
  await Promise.all(Object.keys(shipped).map(findComponent))
}

/** @param use a shipped component's name, or the path of a module whose default export is one */
export async function findComponent(use: string): Promise<Component> {
  const load = Object.hasOwn(shipped, use) ? shipped[use] : undefined
  const before = loadedBefore.get(use)
  if (before !== undefined) return before
  if (load !== undefined) {
    const component = await load()
    loadedBefore.set(use, component)
    return component
  }
  if (!use.startsWith('.') && !isAbsolute(use)) {
    const names = Object.keys(shipped).join(', ')
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
