// Which reports of an agent are alerts, how severe they are, and which end one: a table, with the configuration's word on
// severities first. A report that it does not name is kept and recorded as it is, and alerts nobody.

import { type AlertField, type Condition, type Severity, severities } from '../protection/alert.ts'
import type { AlertsConfig } from './alert-config.ts'
import type { Report } from './component.ts'

export interface AlertRule {
  readonly kind: string
  readonly severity: Severity
  /** Fields that tell one condition of the kind from another. */
  readonly by?: readonly string[]
  readonly lasts?: boolean
  readonly text: string
}

const rule = (kind: string, severity: Severity, text: string, more: Partial<AlertRule> = {}): AlertRule => ({
  kind,
  severity,
  text,
  ...more,
})

const RAISED: Readonly<Record<string, AlertRule>> = {
  tripped: rule('tripped', 'alarm', 'the device has tripped', { by: ['device'] }),
  'relay-lockout': rule('locked-out', 'alarm', 'the relay in software has locked out', { by: ['device'] }),
  'device-silent': rule('device-silent', 'alarm', 'the field device does not answer', { lasts: true }),
  'protection-loop-late': rule('protection-loop-late', 'alarm', 'the protection loop does not run on time', {
    lasts: true,
  }),
  'neighbour-silent': rule('neighbour-silent', 'alarm', 'a neighbour on the feeder is silent', {
    by: ['ied'],
    lasts: true,
  }),
  'outage-expected': rule('outage-expected', 'alert', 'an outage is expected', { by: ['device'] }),
  'warning-sent': rule('disturbance', 'warning', 'a disturbance in a section that it observes', {
    by: ['section'],
    lasts: true,
  }),
  operated: rule('operated', 'status', 'it has operated its device', { by: ['operation'] }),
  'generator-trip': rule('generator-trip', 'alarm', 'voltage or frequency has tripped its generator', {
    by: ['device'],
  }),
  islanded: rule('islanded', 'alert', 'its generator feeds its own loads alone', { by: ['device'] }),
  'reaction-inhibited': rule('reaction-inhibited', 'warning', 'an inhibit kept it from operating', {
    by: ['operation'],
  }),
  'position-unknown': rule('position-unknown', 'warning', 'the position of a device is not known', { by: ['device'] }),
  'order-refused': rule('order-refused', 'status', 'an order was refused', { by: ['order', 'by'] }),
  'site-test-begins': rule('site-test', 'status', 'a site test runs: what it plays operates nothing', { lasts: true }),
  'moved-by-hand': rule('moved-by-hand', 'status', 'a load was moved by a hand at the device', { by: ['load', 'to'] }),
  inhibited: rule('inhibited', 'status', 'an inhibit stands', { lasts: true }),
}

/** What ends which kind: the condition with the same fields. */
const CLEARED: Readonly<Record<string, AlertRule | undefined>> = {
  'device-answering': RAISED['device-silent'],
  'all-clear-sent': RAISED['warning-sent'],
  'inhibit-ended': RAISED.inhibited,
  'site-test-over': RAISED['site-test-begins'],
  'neighbour-answering': RAISED['neighbour-silent'],
  'protection-loop-on-time': RAISED['protection-loop-late'],
}

/** Of reports named `alarm`, by what they are about; all others are alarms. */
const ALARMS: Readonly<Record<string, Severity>> = {
  'credential-expires': 'warning',
  'credential-refused': 'alert',
  'measurement-doubted': 'warning',
  'order-interrupted': 'alert',
}
/** What a report may be about; the first few that it has tell its condition from others of the kind. */
const ABOUT = ['device', 'operation', 'origin', 'section', 'ied', 'backEnd', 'peerId', 'peer', 'name', 'command']

export type AlertWord =
  | { readonly say: 'raise'; readonly condition: Condition }
  | { readonly say: 'clear'; readonly key: string }

/** @returns what the report says of alerts, if anything */
export function alertIn(report: Report, config: Pick<AlertsConfig, 'severities'>): AlertWord | undefined {
  const { event } = report
  const cleared = CLEARED[event]
  if (cleared !== undefined) return { say: 'clear', key: keyOf(cleared, report) }
  if (event === 'warned' || event === 'warning-passed-on') return raise(report, warnedRule(report), config)
  if (event === 'warning-ended') return { say: 'clear', key: keyOf(warnedRule(report), report) }
  if (event === 'alarm') return raise(report, alarmRule(report), config)
  const stated = statedRule(report)
  if (stated === undefined) {
    const raised = RAISED[event]
    return raised === undefined ? undefined : raise(report, raised, config)
  }
  return report.phase === 'ends'
    ? { say: 'clear', key: keyOf(stated, report) }
    : raise(report, { ...stated, lasts: report.phase === 'begins' || report.phase === 'worsens' }, config)
}

const warnedRule = ({ severity }: Report): AlertRule =>
  rule('warned', severity === 'catastrophic' ? 'alert' : 'warning', 'it is warned of a disturbance upstream', {
    by: ['id', 'ied'],
    lasts: true,
  })

function alarmRule({ alarm, ...report }: Report): AlertRule {
  const kind = String(alarm).slice(0, 64)
  const by = ABOUT.filter(field => report[field] !== undefined).slice(0, 3)
  return rule(kind, ALARMS[kind] ?? 'alarm', kind.replaceAll('-', ' '), { by })
}

/** A component that knows best says it itself: its `name` or `id`, `severity`, `phase` (begins, worsens, ends, or none) and `text`. */
const STATED: ReadonlySet<string> = new Set(['setpoint', 'peripheral', 'power-quality', 'degradation'])

function statedRule({ event, severity, text, kind }: Report): AlertRule | undefined {
  if (!STATED.has(event) || !severities.includes(severity as Severity)) return undefined
  const itsKind = event === 'power-quality' && typeof kind === 'string' ? kind.slice(0, 64) : event
  return rule(itsKind, severity as Severity, String(text ?? kind ?? event).slice(0, 400), { by: ['name', 'id'] })
}

function raise(report: Report, { kind, severity, text, ...rest }: AlertRule, config: Pick<AlertsConfig, 'severities'>) {
  const own = Object.hasOwn(config.severities, kind) ? config.severities[kind] : undefined
  if (own === 'none') return undefined
  const condition: Condition = {
    kind,
    key: keyOf({ kind, ...rest }, report),
    severity: own ?? severity,
    text,
    fields: fieldsOf(report),
    lasts: rest.lasts === true,
  }
  return { say: 'raise' as const, condition }
}

const keyOf = ({ kind, by = [] }: Pick<AlertRule, 'kind' | 'by'>, report: Report): string =>
  [kind, ...by.map(field => String(report[field] ?? ''))].join('/').slice(0, 200)

const MAX_FIELDS = 16
const MAX_TEXT = 200
const LEFT_OUT: ReadonlySet<string> = new Set(['event', 'atMs', 'severity', 'phase', 'text'])

/** The plain ones of a report, so many and so long. */
export function fieldsOf(report: Readonly<Record<string, unknown>>): Record<string, AlertField> {
  const plain = Object.entries(report).filter(
    (entry): entry is [string, AlertField] =>
      !LEFT_OUT.has(entry[0]) && ['string', 'number', 'boolean'].includes(typeof entry[1]),
  )
  return Object.fromEntries(
    plain
      .slice(0, MAX_FIELDS)
      .map(([key, value]) => [key.slice(0, 64), typeof value === 'string' ? value.slice(0, MAX_TEXT) : value]),
  )
}
