// What read-outs and streams print with --json, as schemas. `feedermesh schema NAME` publishes them, and the command
// line checks what it prints against them.

import { z } from 'zod'
import { PHASOR_QUALITIES } from '../../aggregation/phasor-comparison.ts'
import { severities } from '../../protection/alert.ts'
import { categories, powerQualityKinds } from '../../protection/power-quality/event.ts'
import { fraudOutput, inventoryOutput, maintenanceOutput, proofOutput } from './outputs-assets.ts'
import { billOutputs } from './outputs-bills.ts'
import { commandOutput } from './outputs-command.ts'
import { deliveryOutputs } from './outputs-delivery.ts'
import { exchangeOutputs } from './outputs-exchange.ts'
import { explainOutputs } from './outputs-explain.ts'
import { ledgerOutputs } from './outputs-ledger.ts'
import { loadProfileOutput } from './outputs-load-profile.ts'
import { loadsOutput } from './outputs-loads.ts'
import { portionOutputs } from './outputs-portions.ts'
import { protectionOutputs } from './outputs-protection.ts'
import { readableOutputs } from './outputs-readable.ts'
import { reliabilityOutputs } from './outputs-reliability.ts'
import { simOutputs } from './outputs-sim.ts'
import { supplierOutputs } from './outputs-suppliers.ts'
import { topologyOutputs } from './outputs-topology.ts'
import { watchOutputs } from './outputs-watch.ts'

const utc = z.iso.datetime()
const exact = z.string().regex(/^-?\d+(\.\d+)?$/)
const name = z.string()
const names = z.array(name)
const whole = z.number().int().nonnegative()
const counts = z.record(z.string(), z.number().int())

const deviceIdentity = z.object({
  manufacturer: z.string().optional(),
  model: z.string().optional(),
  serialNumber: z.string().optional(),
  firmware: z.string().optional(),
  configurationHash: z.string().optional(),
})

/** What a peer may say or open, and why. */
const verdicts = z.array(z.object({ what: z.string(), may: z.boolean(), because: z.string() }))

const alertRow = z.object({
  /** `present`: as it was when the listing began. */
  notice: z.enum(['present', 'raised', 'again', 'worse', 'cleared', 'acknowledged', 'repeated', 'escalated']),
  id: z.string(),
  ied: name,
  severity: z.enum(severities),
  kind: z.string(),
  text: z.string(),
  phase: z.enum(['standing', 'cleared', 'momentary']),
  raisedUtc: utc,
  lastUtc: utc,
  clearedUtc: utc.nullable(),
  count: whole,
  acknowledgedBy: z.string().nullable(),
  acknowledgedUtc: utc.nullable(),
  /** Who is told, by the configuration of the peer that answers. */
  to: names,
  fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
})
/** RMS; the angle is against UTC, and null where the clock does not allow one. */
const shownPhasor = z.object({ magnitude: z.number(), degrees: z.number().nullable() })
const shownPhases = z.object({ a: shownPhasor, b: shownPhasor, c: shownPhasor }).partial()

const qualityEvent = z.object({
  id: z.string(),
  phase: z.enum(['begins', 'worsens', 'ends']),
  kind: z.enum(powerQualityKinds),
  cause: z.string().optional(),
  category: z.enum(categories).optional(),
  severity: z.enum(severities),
  channels: names,
  startedUtc: utc,
  detectedAfterMs: z.number(),
  durationMs: z.number().optional(),
  outerDurationMs: z.number().optional(),
  extremePu: z.number().optional(),
  resolution: z.enum(['samples', 'half-cycle', 'poll']),
  /** It ended because nothing more was measured. */
  isCutOff: z.boolean().optional(),
})

export const outputs = {
  peers: z.object({
    self: z.object({ name: z.string(), organisation: z.string(), peerId: z.string(), addresses: z.array(z.string()) }),
    feeder: z.object({ name: z.string(), hash: z.string() }),
    peers: z.array(
      z.object({
        name: z.string(),
        organisation: z.string(),
        roles: z.array(z.string()),
        peerId: z.string(),
        address: z.string(),
        relayed: z.boolean(),
        connectedSeconds: z.number(),
        rttMs: z.number().optional(),
        link: z
          .object({
            way: z.enum(['datagram', 'stream', 'none']),
            rttP99Ms: z.number().optional(),
            lossShare: z.number().optional(),
            bitsPerSecond: z.number().optional(),
            marked: z.boolean(),
          })
          .optional(),
      }),
    ),
    /** By their announcements, connected or not, this one included. */
    knownPeers: whole,
    refusedPeers: counts,
    refusedDatagrams: counts,
    refusedMessages: counts,
  }),
  device: z.object({
    device: z.object({
      driver: z.string(),
      /** Null before the first poll. */
      answering: z.boolean().nullable(),
      accepted: deviceIdentity,
      /** What it shows now; the same as accepted while nothing changed. */
      shown: deviceIdentity,
      changes: z.array(z.object({ field: z.string(), was: z.string(), is: z.string().optional() })),
      readUtc: utc.optional(),
    }),
  }),
  'device-maps': z.object({
    maps: z.array(
      z.object({
        map: z.string(),
        device: z.string(),
        points: whole,
        operations: z.array(z.string()),
        /** Manual and edition that the addresses are from. */
        source: z.string().optional(),
      }),
    ),
  }),
  /** Of `peers --why`. */
  'peers-why': z.object({
    peers: z.array(
      z.object({
        name: z.string(),
        organisation: z.string(),
        roles: z.array(z.string()),
        peerId: z.string(),
        admitted: z.boolean(),
        reason: z.string().optional(),
        words: z.string(),
        messages: verdicts,
        protocols: verdicts,
      }),
    ),
  }),
  alarms: z.object({ alarms: z.array(z.looseObject({ event: z.string(), atMs: z.number(), utc })) }),
  alerts: z.object({ alerts: z.array(alertRow) }),
  /** One a line with `alerts --follow --json`. */
  'alerts-follow': alertRow,
  formulas: z.object({
    formulas: z.array(
      z.object({
        kind: z.enum(['formula', 'setpoint']),
        name,
        is: z.string(),
        value: z.union([z.number(), z.boolean(), z.literal('unknown')]),
        unit: z.string(),
        /** Of a setpoint. */
        state: z.enum(['idle', 'active', 'latched']).optional(),
        drive: z.string().optional(),
      }),
    ),
  }),
  loads: loadsOutput,
  ...billOutputs,
  ...supplierOutputs,
  ...exchangeOutputs,
  inventory: inventoryOutput,
  maintenance: maintenanceOutput,
  fraud: fraudOutput,
  ...portionOutputs,
  proof: proofOutput,
  peripherals: z.object({
    peripherals: z.array(
      z.object({
        name,
        input: z.string(),
        value: z.number().nullable(),
        unit: z.string(),
        state: z.enum(['normal', 'near', 'over', 'latched']),
        /** "good", or why its value does not count. */
        probe: z.string(),
        warnAt: z.number().nullable(),
        tripAt: z.number().nullable(),
        action: z.string(),
        /** Whether what it trips is off; null while that is not known. */
        off: z.boolean().nullable(),
      }),
    ),
  }),
  readings: z.object({
    readings: z.array(
      z.object({
        ied: z.string(),
        number: z.number().int(),
        startUtc: utc,
        endUtc: utc,
        importKwh: exact,
        exportKwh: exact,
        importRegisterKwh: exact,
        rawImportKwh: exact.optional(),
        rawExportKwh: exact.optional(),
        multiplier: exact.optional(),
        kw: z.number().nullable(),
        temperatureC: z.number().nullable(),
        flags: z.array(z.string()),
      }),
    ),
    /** With --after, when there may be more: what to give to the next --after. */
    next: z.string().optional(),
  }),
  'load-profile': loadProfileOutput,
  history: z.object({
    history: z.array(
      z.object({
        ied: z.string(),
        number: z.number().int(),
        class: z.string(),
        utc,
        utcQuality: z.string(),
        /** Of the content; null where this peer does not have it. */
        bytes: z.number().int().nullable(),
        /** Null where it is not there, too large for a row, or not of a kind that this program writes. */
        content: z.unknown(),
      }),
    ),
    next: z.string().optional(),
  }),
  phasors: z.object({
    phasors: z.array(
      z.object({
        utc,
        ied: z.string(),
        quality: z.enum(PHASOR_QUALITIES),
        volts: shownPhases,
        amps: shownPhases,
        positiveVolts: z.number().nullable(),
        negativePercent: z.number().nullable(),
        zeroPercent: z.number().nullable(),
        /** Positive-sequence voltage against that of the reference; positive leads. */
        angleDegrees: z.number().nullable(),
        frequencyHz: z.number().nullable(),
        rocofHzPerS: z.number().nullable(),
        /** Null: not in step with UTC. */
        timeErrorMicros: z.number().nullable(),
      }),
    ),
    next: z.string().optional(),
  }),
  'phasor-places': z.object({
    places: z.array(z.object({ ied: name, following: z.boolean(), frames: whole, lost: whole, trouble: z.string() })),
    /** Frames that came and were not used. */
    unused: z.object({ late: whole, doubled: whole, offGrid: whole, crowded: whole }),
  }),
  events: z.object({
    events: z.array(
      z.object({
        /** What --waveform takes. */
        id: whole,
        /** Of the first sample. */
        startUtc: utc,
        utcQuality: z.enum(['good', 'uncertain', 'unset']),
        durationMs: whole,
        triggers: z.array(
          z.object({
            kind: z.enum(['powerQuality', 'pickup', 'trip', 'command', 'setpoint']),
            words: z.string(),
            /** After the first sample. */
            atMs: z.number().int(),
          }),
        ),
        moreTriggers: whole,
        source: z.enum(['samples', 'device']),
        channels: names,
        samples: whole,
        samplesPerSecond: z.number(),
        /** Of the file. */
        bytes: whole,
        sha256: z.string(),
      }),
    ),
    next: z.string().optional(),
  }),
  'pq-analyse': z.object({
    station: z.string(),
    device: z.string(),
    /** As the file has them; hz 0 where time stamps say when each sample was taken. */
    rates: z.array(z.object({ hz: z.number(), lastSample: whole })),
    /** That the analysis went by. */
    samplesPerSecond: z.number(),
    samples: whole,
    lineHz: z.number(),
    events: z.array(
      z.object({
        channel: name,
        kind: z.enum(['sag', 'swell', 'interruption', 'transient', 'waveShape', 'rapidVoltageChange']),
        /** IEEE 1159, of sags, swells and interruptions. */
        category: z.enum(['instantaneous', 'momentary', 'temporary', 'sustained']).optional(),
        /** After the first sample. */
        startSeconds: z.number(),
        durationSeconds: z.number(),
        /** Of the nominal value; crests of transients and wave shapes, of the nominal crest. */
        extremePu: z.number(),
        /** The record ends before it does. */
        isCutOff: z.literal(true).optional(),
      }),
    ),
    /** Channels that were judged, and what 1 per unit is in their unit. */
    channels: z.array(
      z.object({ name, unit: z.string(), nominal: z.number(), lowestPu: z.number(), highestPu: z.number() }),
    ),
    notJudged: z.array(z.object({ channel: name, because: z.string() })),
    /** What the file says and is not so. */
    notes: z.array(z.string()),
  }),
  'events-waveform': z.object({
    ied: z.string(),
    id: whole,
    file: z.string(),
    bytes: whole,
    sha256: z.string(),
  }),
  totals: z.object({
    totals: z.array(z.object({ ied: z.string(), importWh: exact, exportWh: exact, readings: z.number().int() })),
  }),
  receipts: z.object({
    receipts: z.array(
      z.object({ backEnd: z.string(), upTo: z.number().int(), pending: z.number().int(), way: z.string() }),
    ),
  }),
  ledger: z.object({
    ledgers: z.array(
      z.object({ ied: z.string(), ledgerId: z.string(), number: z.number().int(), chainHash: z.string() }),
    ),
  }),
  'pq-show': z.object({
    resolution: z.enum(['samples', 'half-cycle', 'poll', 'none']),
    /** Line to neutral. */
    nominalVolts: z.number().optional(),
    nominalHz: z.number().optional(),
    samplesPerSecond: z.number().optional(),
    lostSamples: whole,
    hz: z.number().optional(),
    /** IEC 61000-4-30 §5.1. */
    hzOverTenSeconds: z.number().optional(),
    /** Negative and zero over positive sequence. */
    u2: z.number().optional(),
    u0: z.number().optional(),
    channels: z.array(
      z.object({
        channel: z.string(),
        rms: z.number(),
        pu: z.number().optional(),
        thd: z.number().optional(),
        /** RMS, from the fundamental on. */
        harmonics: z.array(z.number()).optional(),
      }),
    ),
    tenMinutes: z
      .object({ startUtc: utc, endUtc: utc, windows: whole, flagged: whole, values: z.record(z.string(), z.number()) })
      .optional(),
    running: z.array(qualityEvent),
    /** The latest, oldest first. */
    ended: z.array(qualityEvent),
    /** Events that were too many to be told of. */
    notTold: whole,
  }),
  'authority-show': z.object({
    organisation: name,
    publicKey: z.string(),
    /** RFC 8037: for any JOSE tool that checks a credential. */
    jwk: z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
  }),
  'authority-list': z.object({
    organisation: name,
    credentials: z.array(
      z.object({
        name,
        roles: names,
        feeders: names,
        state: z.enum(['live', 'not yet', 'expired', 'revoked']),
        from: utc,
        until: utc,
        /** The jti of the credential. */
        id: z.string(),
        peerId: z.string(),
        /** Of the revocation. */
        reason: z.string().optional(),
      }),
    ),
  }),
  audit: z.object({
    audit: z.array(
      z.object({
        number: whole,
        utc,
        utcQuality: z.string(),
        kind: z.string(),
        subject: z.string(),
        allowed: z.boolean(),
        words: z.string(),
        /** How many entries the record is about, when they were counted. */
        count: whole.optional(),
      }),
    ),
    /** For `--after`, to go on. */
    next: whole,
  }),
  command: commandOutput,
  up: z.union([
    z.object({
      event: z.literal('summary'),
      atMs: z.number(),
      ok: z.boolean(),
      expectations: z.array(
        z.object({ name: z.string(), ok: z.boolean(), measured: z.string(), detail: z.array(z.string()).optional() }),
      ),
    }),
    z.looseObject({ event: z.string(), atMs: z.number() }),
  ]),
  ...ledgerOutputs,
  ...topologyOutputs,
  ...explainOutputs,
  ...simOutputs,
  ...protectionOutputs,
  ...watchOutputs,
  ...deliveryOutputs,
  ...readableOutputs,
  ...reliabilityOutputs,
} as const
