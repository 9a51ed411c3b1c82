// One YAML file per agent, read once and checked whole. Paths in it are relative to the file.

import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { complaintList, complaintsError } from '../../topology/complaint.ts'
import { readYaml } from '../../topology/feeder-yaml.ts'
import { complainOfSchema } from '../../topology/schema-complaints.ts'
import { TopologyError } from '../../topology/topology-error.ts'
import { recordClasses } from '../aggregation/record.ts'
import type { AuthorityPolicy } from '../mesh/authority.ts'
import { roles } from '../mesh/credential.ts'
import { verbs } from '../protection/command.ts'
import { alertsSchema } from './alert-config.ts'
import { balanceSchema, equipmentSchema, meteringConfigSchema, positionSchema } from './asset-config.ts'
import { billingSchema } from './billing-config.ts'
import { degradationSchema } from './degradation-config.ts'
import { deviceAt, deviceSchema } from './device-config.ts'
import { earlyWarningSchema } from './early-warning-config.ts'
import { exchangeSchema } from './exchange-config.ts'
import { compileSections, formulasSchema, setpointsSchema } from './formula-config.ts'
import { forwardingSchema } from './forwarding-config.ts'
import { generationManagementSchema } from './generation-config.ts'
import { enterServiceSchema, generatorProtectionSchema, transferTripSchema } from './generator-config.ts'
import { hostsSchema } from './host-config.ts'
import { interlockSchema } from './interlock-config.ts'
import { ledgerSchema } from './ledger-config.ts'
import { loadManagementSchema } from './load-config.ts'
import { NodeError } from './node-error.ts'
import { peripheralsSchema } from './peripheral-config.ts'
import { postgresSchema } from './postgres-config.ts'
import { powerQualitySchema } from './power-quality-config.ts'
import { readText } from './read-text.ts'
import { reliabilitySchema } from './reliability-config.ts'
import { restorationSchema } from './restoration-config.ts'
import { softwareRelaySchema } from './software-relay-config.ts'
import { supplierSchema, suppliersSchema, tariffFilesAt } from './supplier-config.ts'
import { syncCheckSchema } from './sync-check-config.ts'
import { watchdogSchema } from './watchdog-config.ts'

export { readText } from './read-text.ts'

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'want a name of letters, digits, "_", "." or "-"')
const ADDRESS = /^\/(?:ip4|ip6|dns|dns4|dns6)\/[^/]+\/tcp\/(\d+)(?:\/p2p\/[A-Za-z0-9]+)?$/
const address = z.string().refine(text => Number(ADDRESS.exec(text)?.[1] ?? Number.NaN) <= 65_535, {
  message: 'a multiaddress such as /ip4/10.0.0.5/tcp/4001, with a port of 65535 at most',
})

const authority = z
  .object({
    organisation: name,
    publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'want the Ed25519 public key in base64url, 43 characters'),
    roles: z.array(z.enum(roles)).min(1).default(['IED', 'BACKEND', 'VIEWER']),
    /** The feeders for which its credentials count here; all when absent. */
    feeders: z.array(z.string().min(1).max(64)).min(1).optional(),
    /** Whether protection messages of this organisation's IEDs are obeyed here: all of them, none, or these types. */
    protection: z.union([z.boolean(), z.array(z.string().min(1).max(32)).min(1)]).default(false),
  })
  .strict()

const protection = z
  .object({
    /** False: protection goes by streams only, as where a firewall lets no UDP through. */
    datagrams: z.boolean().default(true),
    /** UDP; that of TCP by default. */
    port: z.number().int().min(1).max(65_535).optional(),
    beatMs: z.number().int().min(20).max(10_000).default(250),
    /** Three beats and a little: below a second, so that a lost neighbour is noticed within one. */
    silenceMs: z.number().int().min(60).max(60_000).default(750),
    /** Marks datagrams as Expedited Forwarding, where the system permits. */
    dscp: z.boolean().default(true),
  })
  .strict()
  .refine(({ beatMs, silenceMs }) => silenceMs >= 2 * beatMs, {
    path: ['silenceMs'],
    message: 'at least two beats: one is lost now and then',
  })

const recipient = z
  .object({
    backEnd: name,
    organisation: name,
    /** The back end is that of one department, and has only what this entry gives it. */
    department: z.string().min(1).max(64).optional(),
    classes: z
      .array(z.enum(recordClasses))
      .min(1)
      .default(recordClasses.filter(each => each !== 'audit' && each !== 'waveform')),
    /** Nothing that it has not receipted goes from the ledger while there is room. */
    required: z.boolean().default(true),
  })
  .strict()

/** Whose orders are carried out here, beside those of the own organisation's people. */
const commands = z
  .object({
    from: z
      .array(
        z
          .object({
            organisation: name,
            /** Who of it. Machines (IEDs, back-end peers) only by name; without names, all of its people. */
            names: z.array(z.string().min(1).max(64)).min(1).optional(),
            verbs: z.array(z.enum(verbs)).min(1),
          })
          .strict(),
      )
      .default([]),
    /** What two people have to sign. */
    twoPerson: z.array(z.enum(verbs)).default([]),
  })
  .strict()
  .default({ from: [], twoPerson: [] })
const passphrase = {
  /** Its last line break is no part of the passphrase. */
  passphraseFile: z.string().min(1).optional(),
  /** Name of an environment variable. */
  passphraseEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'want the name of an environment variable')
    .optional(),
}

/** What the store's contents are sealed with. */
const store = z
  .object({
    /** 32 random bytes, mode 0600; made at the first start. */
    keyFile: z.string().min(1).optional(),
    ...passphrase,
    /** Against whoever takes the store alone, as from a backup, and not the rest of the directory. */
    allowKeyInDataDir: z.boolean().default(false),
  })
  .strict()
  .refine(
    ({ keyFile, passphraseFile, passphraseEnv }) =>
      [keyFile, passphraseFile, passphraseEnv].filter(each => each !== undefined).length === 1,
    { message: 'want one of keyFile, passphraseFile, passphraseEnv' },
  )

/** What the agent's own key file is encrypted with. */
const key = z
  .object(passphrase)
  .strict()
  .refine(({ passphraseFile, passphraseEnv }) => (passphraseFile === undefined) !== (passphraseEnv === undefined), {
    message: 'want one of passphraseFile, passphraseEnv',
  })

const component = z.union([name, z.object({ use: z.string().min(1), settings: z.unknown().optional() }).strict()], {
  error: "a component's name, or { use: NAME or PATH, settings: … }",
})

/** Each key for itself. */
export const agentConfigFields = z
  .object({
    /** The IED's name in the feeder file, or the back-end peer's own name. */
    name,
    role: z.enum(['IED', 'BACKEND']).default('IED'),
    feeder: z.string().min(1),
    dataDir: z.string().min(1),
    /** Without it the store lies on the disk in clear. */
    store: store.optional(),
    /** Without it the store is on the disk, in the data directory. */
    postgres: postgresSchema.optional(),
    /** Without it the agent's key lies on the disk in clear, with mode 0600. */
    key: key.optional(),
    credential: z.string().min(1),
    authorities: z.array(authority).min(1),
    listen: z.array(address).min(1).default(['/ip4/0.0.0.0/tcp/0']),
    announce: z.array(address).optional(),
    seeds: z.array(address).default([]),
    mdns: z.boolean().default(true),
    /** Whose announcements it takes: everybody's, or none but its own, as at the end of a slow link. */
    announcements: z.enum(['all', 'own']).default('all'),
    /** Never dials: others come to it, as through a one-way firewall. */
    passive: z.boolean().default(false),
    /** Links to the neighbours on the feeder: see docs/security.md, protection datagrams. */
    protection: protection.default(protection.parse({})),
    /** Between peers that can't reach each other: pass on for them, be reached through those that do, or neither. */
    relay: z.enum(['serve', 'use', 'none']).default('use'),
    /** Connections looked for beyond neighbours, seeds and back ends. */
    otherPeers: z.number().int().min(3).max(256).default(16),
    device: deviceSchema.optional(),
    reactions: z
      .object({
        severe: z.enum(['shed', 'open', 'none']).default('none'),
        catastrophic: z.enum(['shed', 'open', 'none']).default('none'),
      })
      .strict()
      .default({ severe: 'none', catastrophic: 'none' }),
    earlyWarning: earlyWarningSchema,
    /** Computers that are told of warnings. */
    hosts: hostsSchema,
    transferTrip: transferTripSchema,
    generatorProtection: generatorProtectionSchema.optional(),
    enterService: enterServiceSchema.optional(),
    readings: z
      .object({
        intervalSeconds: z.number().int().min(1).max(3600).default(60),
        /** More than this cannot flow here: a register that says so was exchanged. */
        maxKw: z.number().positive().default(20_000),
      })
      .strict()
      .default({ intervalSeconds: 60, maxKw: 20_000 }),
    /** When records go to the back ends. */
    forwarding: forwardingSchema,
    recipients: z
      .array(recipient)
      .refine(list => new Set(list.map(({ backEnd }) => backEnd)).size === list.length, {
        message: 'each back end once',
      })
      .default([]),
    /** The sharing policy that the owner has signed, `feedermesh portions sign`: it rules instead of `recipients[].classes`. */
    sharing: z.string().min(1).optional(),
    /** Files with further private sealing keys (`feedermesh portions key`): this peer opens what is sealed to them. */
    sealingKeys: z.array(z.string().min(1)).max(16).default([]),
    /** Which classes people of a department read out here: they read nothing else. */
    departments: z.record(z.string().min(1).max(64), z.array(z.enum(recordClasses)).min(1)).default({}),
    aggregation: z
      .object({
        /** How well this device can serve as aggregator: processor, memory, supply. */
        fitness: z.number().int().min(0).max(12).default(6),
        /**
         * Whether aggregators of sites and zones elect one of the feeder, through which they deliver; `auto`: with more
         * than 30 IEDs. The same for all agents of a feeder, its back-end peers included.
         */
        hierarchy: z.enum(['auto', 'on', 'off']).default('auto'),
      })
      .strict()
      .default({ fitness: 6, hierarchy: 'auto' }),
    /** How much of its own records this agent keeps, and for how long. */
    ledger: ledgerSchema,
    renewal: z
      .object({
        /** From so many days before the credential expires there is an alarm each day. */
        alarmDays: z.number().min(0).max(365).default(14),
        /** How often the credential's file is looked at, and that of revocations. */
        checkSeconds: z.number().min(0.1).max(3600).default(5),
      })
      .strict()
      .default({ alarmDays: 14, checkSeconds: 5 }),
    /** A file of revocations brought by hand, one a line; it may come later. */
    revocations: z.string().min(1).optional(),
    commands,
    alerts: alertsSchema,
    peripherals: peripheralsSchema,
    formulas: formulasSchema,
    setpoints: setpointsSchema,
    loadManagement: loadManagementSchema,
    /** The tariff that holds here. */
    billing: billingSchema,
    /** What a back-end peer offers as a supplier. */
    supplier: supplierSchema,
    /** With which organisations' back ends bills, prices and reliability are exchanged. */
    exchange: exchangeSchema,
    /** From whom this one may buy, and when it changes. */
    suppliers: suppliersSchema,
    generationManagement: generationManagementSchema,
    /** What the power-quality monitor judges by. */
    powerQuality: powerQualitySchema,
    /** What slowly grows worse, and when to say so. */
    degradation: degradationSchema,
    /** Interruptions, last gasps, and what was planned. */
    reliability: reliabilitySchema,
    /** The fast trip by answer. */
    interlock: interlockSchema,
    /** Who is fed while the protection loop runs on time, beside the service manager. */
    watchdog: watchdogSchema,
    /** The relay of a device that gives samples and has none of its own. */
    softwareRelay: softwareRelaySchema.optional(),
    /** When two live sides are in step: asked before they are joined, where the device shows both sides' phasors. */
    syncCheck: syncCheckSchema,
    /** Whether this IED's switching device takes part in the restoration after a fault. */
    restoration: restorationSchema,
    /** Where this device was measured to be. */
    position: positionSchema.optional(),
    /** Ratings of the breaker or recloser that it operates, for its wear. */
    equipment: equipmentSchema.optional(),
    /** Accuracy class and multipliers of its meter. */
    metering: meteringConfigSchema.optional(),
    /** How a back-end peer balances energy. */
    balance: balanceSchema,
    components: z.array(component).min(1).optional(),
    log: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  })
  .strict()

/** The whole, with what its keys have to do with each other. */
export const agentConfigSchema = agentConfigFields.superRefine((config, context) => {
  const complain = (path: (string | number)[], message: string): void =>
    context.addIssue({ code: 'custom', path, message })
  compileSections(config, complain)
  for (const [n, { name }] of config.setpoints.entries()) {
    // Both are reset by their name.
    if (config.peripherals.some(each => each.name === name)) {
      complain(['setpoints', n, 'name'], 'a peripheral has this name, want another one')
    }
  }
})

export type AgentConfig = z.infer<typeof agentConfigSchema>
export type ComponentEntry = z.infer<typeof component>

/** Whose protection messages are obeyed, and of whom only some types. */
export function protectionOf({ authorities }: Pick<AgentConfig, 'authorities'>): AuthorityPolicy {
  const obeyed = authorities.filter(({ protection }) => protection !== false)
  return {
    protection: new Set(obeyed.map(({ organisation }) => organisation)),
    onlyTypes: new Map(
      obeyed.flatMap(({ organisation, protection }) =>
        Array.isArray(protection) ? [[organisation, new Set(protection)] as const] : [],
      ),
    ),
  }
}

/**
 * @returns the configuration with absolute paths
 * @throws NodeError BAD_INPUT with one line per fault: where, what, and what would be right
 */
export function readAgentConfig(file: string): AgentConfig {
  const config = parseAgentConfig(readText(file, 'configuration'), file)
  const at = (path: string): string => resolve(dirname(file), path)
  return {
    ...config,
    feeder: at(config.feeder),
    dataDir: at(config.dataDir),
    credential: at(config.credential),
    ...(config.billing ? { billing: { ...config.billing, tariff: at(config.billing.tariff) } } : {}),
    ...(config.sharing ? { sharing: at(config.sharing) } : {}),
    sealingKeys: config.sealingKeys.map(at),
    ...(config.supplier ? { supplier: tariffFilesAt(config.supplier, at) } : {}),
    ...(config.revocations ? { revocations: at(config.revocations) } : {}),
    ...(config.store ? { store: filesAt(config.store, at) } : {}),
    ...(config.postgres ? { postgres: filesAt(config.postgres, at) } : {}),
    ...(config.key ? { key: filesAt(config.key, at) } : {}),
    ...(config.components ? { components: config.components.map(entry => absolute(entry, at)) } : {}),
    ...(config.device ? { device: deviceAt(config.device, at) } : {}),
    ...(config.position?.file ? { position: { ...config.position, file: at(config.position.file) } } : {}),
  }
}

const FILES = ['keyFile', 'passphraseFile', 'passwordFile'] as const

function filesAt<T extends { [key in (typeof FILES)[number]]?: string | undefined }>(
  section: T,
  at: (path: string) => string,
): T {
  const files = FILES.flatMap(key => (section[key] === undefined ? [] : [[key, at(section[key])]]))
  return { ...section, ...Object.fromEntries(files) }
}

function absolute(entry: ComponentEntry, at: (path: string) => string): ComponentEntry {
  if (typeof entry === 'string') return entry
  return entry.use.startsWith('.') ? { ...entry, use: at(entry.use) } : entry
}

export const parseAgentConfig = (text: string, file: string): AgentConfig => parseYaml(text, file, agentConfigSchema)

/**
 * Reads YAML against a schema, with the reader that feeder files have.
 *
 * @throws NodeError BAD_INPUT; one line for each complaint: `file:line: key: "value" — what is wrong, want what`
 */
export function parseYaml<T>(text: string, file: string, schema: z.ZodType<T>): T {
  try {
    const yaml = readYaml(text, file)
    const result = schema.safeParse(yaml.value)
    if (result.success) return result.data
    const { complaints, complain } = complaintList()
    complainOfSchema(result.error.issues, yaml.value, complain)
    throw complaintsError(file, complaints, yaml.lineOf)
  } catch (cause) {
    if (cause instanceof TopologyError) throw new NodeError('BAD_INPUT', cause.message, { cause })
    throw cause
  }
}
