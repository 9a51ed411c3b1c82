// What read-outs and streams print with --json, as schemas. `feedermesh schema NAME` publishes them, and the command
// line checks what it prints against them.

import { z } from 'zod'
import { PHASOR_QUALITIES } from '../../aggregation/phasor-comparison.ts'
import { severities } from '../../protection/alert.ts'
import { reasons, results } from '../../protection/command.ts'
import { categories, powerQualityKinds } from '../../protection/power-quality/event.ts'

const utc = z.iso.datetime()
const exact = z.string().regex(/^-?\d+(\.\d+)?$/)
const name = z.string()
const names = z.array(name)
const whole = z.number().int().nonnegative()
const position = z.enum(['open', 'closed', 'unknown'])
const answer = z.enum(['yes', 'no', 'unknown'])
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

/** A published figure beside the computed one. */
const comparedRow = z.object({
  place: z.string(),
  phase: z.string(),
  published: z.number(),
  computed: z.number(),
  deviation: z.number(),
})

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
  why: z.object({
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
        kw: z.number().nullable(),
        temperatureC: z.number().nullable(),
        flags: z.array(z.string()),
      }),
    ),
    /** With --after, when there may be more: what to give to the next --after. */
    next: z.string().optional(),
  }),
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
  command: z.union([
    z.object({
      ied: name,
      order: z.string(),
      result: z.enum(results),
      words: z.string(),
      reason: z.enum(reasons).optional(),
      position: position.optional(),
      shed: z.boolean().optional(),
      parts: z.array(z.object({ ied: name, device: name, result: z.enum(results), words: z.string() })).optional(),
      /** The order's number: the same one for the same order, however often it is sent. */
      command: z.string(),
    }),
    z.object({ saved: z.string(), ied: name, order: z.string(), lifetimeSeconds: z.number() }),
  ]),
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
  'topology-check': z.object({
    file: z.string(),
    name,
    format: z.enum(['feedermesh', 'opendss']),
    buses: whole,
    lines: whole,
    switchesClosed: whole,
    switchesOpen: whole,
    transformers: whole,
    capacitors: whole,
    loads: whole,
    loadKw: z.number(),
    radial: z.boolean(),
    depth: whole,
    deepestBus: name,
    customers: whole,
    devices: z.array(z.object({ kind: z.string(), closed: whole, open: whole })),
    zones: whole,
    ieds: whole,
    notes: z.array(z.object({ file: z.string(), line: whole, text: z.string() })),
    warnings: z.array(z.string()),
    placed: z.object({ devices: names, ieds: names, toCheck: z.array(z.string()) }).optional(),
  }),
  'topology-show': z.object({
    name,
    rows: z.array(
      z.object({
        depth: whole,
        node: name,
        via: z.object({ section: name, devices: z.array(z.object({ name, position })) }).optional(),
        tie: z.boolean(),
        energised: answer,
        ieds: names,
        loads: names,
        loadKw: z.number(),
        customers: whole,
      }),
    ),
  }),
  'topology-zones': z.object({
    name,
    zones: z.array(
      z.object({
        zone: name,
        energised: answer,
        boundary: z.array(z.object({ device: name, position })),
        nodes: names,
        sections: names,
        ieds: names,
        loads: names,
        loadKw: z.number(),
        customers: whole,
        neighbours: names,
        ties: z.array(z.object({ section: name, devices: names, node: name, certain: z.boolean() })),
      }),
    ),
  }),
  'topology-downstream': z.object({
    name,
    kind: z.enum(['section', 'device']),
    buses: whole,
    loads: whole,
    loadKw: z.number(),
    customers: whole,
    ieds: names,
    busNames: names,
    sectionNames: names,
    loadNames: names,
    generatorNames: names,
  }),
  'sim-run': z.union([
    z.object({
      event: z.literal('summary'),
      atMs: z.number(),
      ok: z.boolean(),
      seed: z.string(),
      /** How the run is had again; when something failed. */
      replay: z.string().optional(),
      commit: z.string().optional(),
      traceHash: z.string(),
      virtualSeconds: z.number(),
      realSeconds: z.number(),
      events: z.number().int(),
      expectations: z.array(z.object({ name: z.string(), ok: z.boolean(), measured: z.string() })),
    }),
    z.looseObject({ event: z.string(), atMs: z.number(), by: z.string() }),
  ]),
  'sim-sweep': z.object({
    feeder: z.string(),
    kinds: names,
    comms: names,
    resistanceOhm: z.number(),
    seed: z.string(),
    limitMs: z.number(),
    /** Every fault was cleared by the right device alone, or as --allow accepts. */
    ok: z.boolean(),
    summary: z.string(),
    cases: z.array(
      z.object({
        section: z.string(),
        kind: z.string(),
        comms: z.enum(['up', 'down']),
        ok: z.boolean(),
        verdict: z.enum(['right', 'others tripped', 'wrong device', 'not cleared', 'dark', 'cleared in a loop']),
        /** Nearest that sees the fault. */
        expected: z.string().optional(),
        clearedBy: z.string().optional(),
        /** After the fault. */
        clearedMs: z.number().optional(),
        /** Through the nearest device that could interrupt it, largest phase. */
        faultAmps: z.number().optional(),
        alsoTripped: names,
        infeedTripped: names,
        staysDead: z.boolean(),
        generatorsLeft: names,
        why: z.string().optional(),
        seen: z.array(
          z.object({
            device: z.string(),
            kind: z.string(),
            amps: z.number(),
            pickupAmps: z.number(),
            ground: z.object({ amps: z.number(), pickupAmps: z.number() }).optional(),
            sees: z.boolean(),
          }),
        ),
        agents: z.array(z.object({ atMs: z.number(), ied: z.string(), operation: z.string(), cause: z.string() })),
      }),
    ),
  }),
  'sim-verify': z.object({
    /** Every comparison is within its limit. */
    ok: z.boolean(),
    comparisons: z.array(
      z.object({
        feeder: z.string(),
        quantity: z.enum(['voltage', 'angle', 'current', 'branch loss', 'total', 'short circuit']),
        unit: z.string(),
        deviationUnit: z.enum(['%', 'degrees']),
        of: z.string(),
        limit: z.number(),
        rows: z.array(comparedRow),
        worst: comparedRow.optional(),
        ok: z.boolean(),
      }),
    ),
  }),
} as const
