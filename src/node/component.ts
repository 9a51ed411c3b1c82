// What an agent does is a list of components. A component is a file that exports one of these, and a line in the
// agent's configuration; docs/components.md writes one from the start.

import type { Feeder } from '../../topology/feeder.ts'
import type { Instant } from '../../topology/units.ts'
import type { PriceSeries } from '../aggregation/billing/compile-tariff.ts'
import type { Collector } from '../aggregation/collector.ts'
import type { ExchangeDocument } from '../aggregation/exchange/exchange-document.ts'
import type { Ledger } from '../aggregation/ledger.ts'
import type { Sealing, SealingKey } from '../aggregation/portion.ts'
import type { LedgerRecord } from '../aggregation/record.ts'
import type { Combined } from '../aggregation/reliability/attribution.ts'
import type { Store } from '../aggregation/store.ts'
import type { TariffOffers } from '../aggregation/suppliers/supplier-message.ts'
import type { Hal, Measurement, PhasorFrame, SampleBlock, Status } from '../hal/port.ts'
import type { Credential } from '../mesh/credential.ts'
import type { Links } from '../mesh/links.ts'
import type { Messenger } from '../mesh/messenger.ts'
import type { Alert, Recipient } from '../protection/alert.ts'
import type { Notice } from '../protection/alert-desk.ts'
import type { Outcome } from '../protection/command.ts'
import type { Acted } from '../protection/command-desk-events.ts'
import type { SensorsSeen } from '../protection/disturbance.ts'
import type { TriggerKind } from '../protection/fault-recorder.ts'
import type { Interval } from '../protection/power-quality/aggregates.ts'
import type { PowerQualityEvent } from '../protection/power-quality/event.ts'
import type { RelayState } from '../protection/relay-messages.ts'
import type { TestFaultKind } from '../protection/site-test-fault.ts'
import type { Whereabouts } from './around-device.ts'
import type { ReadingSource } from './bill-answer.ts'
import type { ComputeBills } from './bills-aside.ts'
import type { Clock } from './clock.ts'
import type { CommandPost } from './command-post.ts'
import type { AgentConfig } from './config.ts'
import type { WantedOrder } from './give-order.ts'
import type { KeyDesk } from './key-desk.ts'
import type { LoadDesks } from './load-desk.ts'
import type { Log } from './log.ts'
import type { Listing } from './readout-rows.ts'
import type { TellHost } from './run-host.ts'
import type { ServiceManager } from './service-manager.ts'
import type { Sharing } from './sharing-desk.ts'
import type { SignedOrder } from './signed-order.ts'
import type { SupplierWords } from './supplier-words.ts'

export interface Component {
  readonly name: string
  /** Started in the order of the configuration, after the links are up; an error here ends the agent's start. */
  start(context: ComponentContext): Promise<Running> | Running
}

export interface Running {
  /** Called once, in reverse order of start. Whatever was acknowledged is durable before it resolves. */
  stop(): Promise<void> | void
}

/** What happens inside one agent. Handlers must not throw; one that does is logged and the others still run. */
export interface AgentEvents {
  measurement: Measurement
  status: Status
  /** From a device that samples waveforms, gapless but for what `lost` says. */
  samples: SampleBlock
  /** From a device that measures synchrophasors. */
  phasors: PhasorFrame
  /** Whether the agent's own sync check (25) permits closing the switching device now. */
  inSync: { readonly stands: boolean }
  /** From the power-quality monitor: something begins, grows worse or ends. */
  powerQuality: PowerQualityEvent
  /** The monitor's aggregate of ten minutes, from waveforms or values as good. */
  qualityInterval: Interval
  /** What line sensors, or what stands in for them, see of the observed sections. It counts beside the device's status. */
  sensors: SensorsSeen
  /** What the relay in software shows of itself: it counts as the device's own, beside what that shows. */
  ownRelay: Pick<Status, 'pickup' | 'tripped' | 'lockedOut'>
  /** The monitor sees a sag or interruption here, or its end. */
  ownSag: { readonly present: boolean; readonly at: Instant }
  /** The field device stopped answering, or does again. */
  device: { readonly answering: boolean; readonly reason?: string }
  /** Something wants a recording of the samples around now, see `components/fault-recorder.ts`. */
  'record-waveform': { readonly kind: TriggerKind; readonly words: string; readonly at?: Instant }
  /** A record is durable in the ledger. */
  appended: { readonly number: number }
  /** Positions in the live feeder changed. */
  topology: { readonly device: string; readonly position: string }
  /** Who the metering device says it is was judged: whether it is another than a person has accepted. */
  deviceIdentity: { readonly changed: boolean }
  /** A person accepts the metering device as it is now; `answer` takes what became of it, in words, nothing if nothing stood. */
  'accept-device': { readonly by: string; readonly answer: (done: Promise<string | undefined>) => void }
  aggregator: { readonly name: string | undefined; readonly term: number; readonly self: boolean }
  /** Something that must stand in the audit log, see `components/audit.ts`. */
  audit: AuditEntry
  /** All components of the configuration run: what was said during the start may be said again for the later ones. */
  'components-started': Record<string, never>
  /** Somebody blocked the automatic operations of this agent, or they are free again. */
  inhibited: { readonly stands: boolean }
  /** A setting of the configuration has another value from now on, see `run-time-settings.ts`. */
  setting: { readonly key: string; readonly value: string | number | boolean; readonly config: AgentConfig }
  /** The relay of a breaker or recloser, the own one's or one around, goes through a fault, see `relay-states.ts`. */
  relayState: RelayStateHeard
  /** A reader of this organisation has another key from now on. */
  'sealing-key': { readonly organisation: string }
  /** Somebody brings what this back-end peer is to give on to departments. Whoever gives on answers, at once. */
  'regrant-brought': {
    readonly jws: string
    readonly from: string
    readonly answer: (taken: Promise<{ readonly version: number; readonly isKnown: boolean }>) => void
  }
  /** Another sharing policy counts from now on. */
  sharing: { readonly version: number }
  /** Forward what there is, now. */
  'send-data': Readonly<Record<string, never>>
  /** A person believes this origin's warnings again. */
  'reset-origin': { readonly origin: string }
  /** An alert was raised, cleared, acknowledged, …, and who is to be told: what carries alerts to people listens to this. */
  alert: AlertNotice
  /** A person has seen this alert. Whoever has it answers, at once, with what comes of it. */
  acknowledge: Asked & { readonly id: string }
  /** A person ends what has latched under this name. Whoever has it answers, at once. */
  reset: Asked & { readonly name: string }
  /** What energy costs from now on, for so long. Whoever goes by prices answers, at once. */
  price: Asked & { readonly perKwh: string; readonly minutes: number }
  /** Somebody reads out the loads: who manages them answers, at once, with what is of interest, under his section. */
  'management-asked': { readonly answer: (section: string, facts: Readonly<Record<string, unknown>>) => void }
  /** A person tags the own switching device, so that nothing automatic operates it and nobody closes it, or takes the tag off. */
  tag: Asked & { readonly stands: boolean; readonly words: string }
  /** A person has the own switching device brought back to its normal position, as far as restoration moved it. */
  'return-to-normal': Asked
  /** A person starts a site test here. */
  'site-test': Asked & {
    readonly test: string
    readonly section: string
    readonly kind: TestFaultKind
    readonly seconds: number
    readonly stuck?: string | undefined
    /** With which the others are asked to join. */
    readonly signed: SignedOrder
  }
  /** The IED where one was started asks this one to take part. */
  'join-site-test': Asked & {
    readonly test: string
    readonly starter: string
    readonly section: string
    readonly kind: TestFaultKind
    readonly seconds: number
    readonly stuck?: string | undefined
  }
  'end-site-test': Asked
  /** Protection links to these IEDs are held beside those to the neighbours, for as long as this is not said anew. */
  'hold-also': { readonly ieds: ReadonlySet<string> }
  /** Somebody asks whether this IED would act now: each scheme answers, at once. */
  'ready-asked': { readonly answer: (readiness: Readiness) => void }
  /** Whether a transfer trip stands for the generator here, and whether one would be heard. */
  transferTrip: { readonly stands: boolean; readonly channelLost: boolean }
  /** Something must not be closed again before a person has reset it, or may be by now. */
  lockout: { readonly name: string; readonly stands: boolean }
  /** This collector has new records of another IED. */
  stored: { readonly ied: string; readonly records: readonly LedgerRecord[] }
  /** Who bills asks by which tariffs: the contracts of this customer, the earliest first. Answered at once, or by nobody. */
  'contracts-asked': { readonly answer: (contracts: readonly ContractSpan[]) => void }
  /** The tariff document of this SHA-256, and the prices of this supplier: who has them answers, at once. */
  'tariff-document-asked': { readonly sha256: string; readonly answer: (document: Uint8Array) => void }
  'prices-asked': { readonly supplier: string; readonly answer: (prices: PriceSeries) => void }
  /** What suppliers signed, for proofs. Who keeps it answers, at once. */
  'supplier-words-asked': { readonly answer: (words: SupplierWords) => void }
  /** Who computes with what this back-end peer collected asks for the collector, which answers at once. */
  'collector-asked': { readonly answer: (collector: Collector) => void }
  /** Who bills what this back-end peer collected asks for it, with what was agreed and edited of it. Answered at once. */
  'reading-source-asked': { readonly answer: (source: ReadingSource) => void }
  /** A person puts other energy in the place of one interval. Whoever has the readings answers, at once. */
  'edit-reading': Asked & {
    readonly startUtcMs: number
    readonly importWh: number
    readonly exportWh: number
    readonly words: string
    readonly signed: SignedOrder
  }
  /** What this back-end peer offers as a supplier, and the reliability of a time: who has it answers, at once. */
  'offers-asked': { readonly answer: (offers: TariffOffers) => void }
  'reliability-asked': {
    readonly fromUtcMs: number
    readonly toUtcMs: number
    readonly answer: (known: Promise<ReliabilityKnown>) => void
  }
  /** A document of another organisation is here, checked and durable. */
  exchanged: { readonly organisation: string; readonly document: ExchangeDocument }
  /** A person writes something down about this device. */
  note: Asked & { readonly words: string; readonly signed: readonly Uint8Array[] }
  /** Something a person should see: kept for `feedermesh alarms`, shown by the live view. */
  report: Report
}

/** Of all IEDs that answered, and of those whose records were collected. */
export interface ReliabilityKnown extends Pick<Combined, 'indices' | 'planned' | 'power'> {
  readonly fromUtcMs: number
  readonly toUtcMs: number
  readonly leastReliable: string | null
  readonly ieds: readonly unknown[]
  readonly unanswered: readonly unknown[]
}

/** From which moment a tariff holds for this customer, until the next one's. */
export interface ContractSpan {
  readonly supplier: string
  readonly fromUtcMs: number
  /** The text of the tariff. */
  readonly text: string
  /** Prices that were pushed for it. */
  readonly prices: PriceSeries | undefined
}

/** Whether one scheme would act now, and if not, what would have to be otherwise. */
export interface Readiness {
  /** In the field's words: `interlock`, `breaker failure`, `restoration`, `early warning`, … */
  readonly scheme: string
  readonly ready: boolean
  readonly why?: string
}

export interface RelayStateHeard {
  readonly device: string
  /** From a pickup to its end. */
  readonly event: string
  /** Undefined: it was not renewed in time, so that nothing is known. */
  readonly state: RelayState | undefined
  readonly origin: string
  readonly place: 'own' | Whereabouts
}

export interface AlertNotice {
  readonly notice: Notice
  readonly alert: Alert
  readonly to: readonly Recipient[]
}

export interface Asked {
  /** Who asks, for records. */
  readonly by: string
  answer(outcome: Promise<Acted>): void
}

export type { Acted }

export type AuditKind =
  | 'admission' // somebody was admitted or refused
  | 'role-use' // a person or machine used a right: a command, a read-out of sensitive data
  | 'revocation'
  | 'credential' // this agent's own was renewed, two live ones for one name were met
  | 'configuration'

export interface AuditEntry {
  readonly kind: AuditKind
  /** Who did it or whom it is about: a name, organisation or peer id. */
  readonly subject: string
  readonly allowed: boolean
  /** One line of printable text. */
  readonly words: string
}

export interface Report {
  readonly event: string
  /** Monotonic, ms. */
  readonly atMs: number
  readonly [field: string]: unknown
}

export interface Bus {
  on<K extends keyof AgentEvents>(event: K, handle: (value: AgentEvents[K]) => void): () => void
  emit<K extends keyof AgentEvents>(event: K, value: AgentEvents[K]): void
}

export interface ComponentContext {
  readonly config: AgentConfig
  /** From the component's `settings` in the configuration, unchecked. */
  readonly settings: unknown
  readonly name: string
  /** The agent's own, which may be renewed: take what changes with it, such as its hash, from here each time. */
  readonly credential: Credential
  readonly epoch: number
  readonly feeder: Feeder
  readonly clock: Clock
  /** Absent at a peer without a field device, such as a back-end peer. */
  readonly hal: Hal | undefined
  /** Through which all that is a load, generator or capacitor is moved, so that whose word counts is decided once. */
  readonly loads: LoadDesks
  readonly links: Links
  readonly messenger: Messenger
  readonly store: Store
  readonly ledger: Ledger
  readonly bus: Bus
  readonly log: Log
  readonly chance: () => number
  /** Who started this process and waits for news of it; absent where nobody does. */
  readonly serviceManager: ServiceManager | undefined
  /** Where bills of many intervals are computed; where they are asked for, if absent. */
  readonly computeBills?: ComputeBills | undefined
  /** Instead of running what is configured for an attached computer, as in a site test. */
  readonly tellHost?: TellHost
  sign(bytes: Uint8Array): Uint8Array
  /** To the keys of others, and with the keys that this agent holds. */
  readonly sealing: Sealing
  /** What is sealed for a peer alone is sealed to this. Undefined where it has none: nothing is sealed then, nor sent. */
  sealingKeyOf(peer: Pick<Credential, 'peerId'>): SealingKey | undefined
  verify(peerId: string, bytes: Uint8Array, signature: Uint8Array): boolean
  /** Who may read this agent's records, and where they go. */
  readonly sharing: Sharing
  /** The sealing keys that readers have announced, and the own one's rotation. */
  readonly keys: KeyDesk
  /** Whether its authority has taken a credential back: whoever believes one that he was handed asks this. */
  isRevoked(credential: Credential): boolean
  /** Checks a credential that came with a message: its authority, time and place here, as admission does. */
  checkCredential(token: string): Promise<Credential | { readonly refused: string }>
  /** Takes orders for this agent, and passes others on. */
  readonly commandPost: CommandPost
  /**
   * Orders another IED to do something, signed by this agent. The other one's configuration must name it, or the order
   * that is cited must allow it. @throws MeshError MESH_UNREACHABLE, MESH_REFUSED when the order never got there
   */
  order(wanted: WantedOrder & { readonly cited?: SignedOrder }): Promise<Outcome>
  /** Reports with the time filled in. */
  report(event: string, fields?: Record<string, unknown>): void
  /** Answers a read-out (`feedermesh <what> --at …`) of a peer that may read here. */
  readout(what: string, answer: (parameters: Record<string, unknown>, from: Credential) => Promise<unknown>): void
  /** Answers a read-out that may have any number of rows: they stream, as fast as the reader takes them. */
  listing(what: string, rows: Listing): void
}

export function bus(onError: (event: string, error: Error) => void): Bus {
  const handlers = new Map<string, Set<(value: never) => void>>()
  return {
    on(event, handle) {
      const set = handlers.get(event) ?? new Set()
      handlers.set(event, set.add(handle))
      return () => void set.delete(handle)
    },
    emit(event, value) {
      for (const handle of handlers.get(event) ?? []) {
        try {
          handle(value as never)
        } catch (error) {
          onError(event, error as Error)
        }
      }
    },
  }
}
