// An alert: what somebody should know of one IED, how urgent it is, and who has seen it. Routes say who gets which.

export const severities = ['status', 'warning', 'alert', 'alarm'] as const
/** `status` is for the record; `warning` may become trouble; `alert` is trouble; `alarm` needs somebody now. */
export type Severity = (typeof severities)[number]

export const isWorse = (one: Severity, other: Severity): boolean => severities.indexOf(one) > severities.indexOf(other)

/** Only these wait for somebody to acknowledge them. */
export const needsAcknowledgement = ({ severity }: Pick<Alert, 'severity'>): boolean =>
  severity === 'alert' || severity === 'alarm'

export type AlertField = string | number | boolean

/** What is the matter, before it has a number. */
export interface Condition {
  readonly kind: string
  /** Of all conditions of that IED, this one: as long as it stands, it is one alert however often it is said. */
  readonly key: string
  readonly severity: Severity
  /** One line for people. */
  readonly text: string
  readonly fields: Readonly<Record<string, AlertField>>
  /** It stands until it is cleared. Otherwise it has happened, and is over. */
  readonly lasts: boolean
}

export interface Alert extends Omit<Condition, 'lasts'> {
  /** The same wherever it is shown: `<ied>/<epoch>/<number>`. */
  readonly id: string
  /** At which it was raised, and which alone can acknowledge it. */
  readonly ied: string
  readonly phase: 'standing' | 'cleared' | 'momentary'
  readonly raisedUtcMs: number
  readonly lastUtcMs: number
  /** How often it was raised while it was one alert. */
  readonly count: number
  readonly clearedUtcMs?: number
  readonly acknowledged?: { readonly by: string; readonly utcMs: number }
  /** To whom it went because those before them did not acknowledge it. */
  readonly escalatedTo: readonly Recipient[]
}

/** One person by name, or all of a role. */
export type Recipient =
  | { readonly name: string }
  | { readonly role: string /** The IED's own where it is absent. */; readonly organisation?: string | undefined }

export interface Route {
  readonly to: Recipient
  readonly severities: readonly Severity[]
  /** All when absent. */
  readonly kinds?: readonly string[] | undefined
  /** Said again while nobody has acknowledged it. */
  readonly repeatMs?: number | undefined
  readonly escalate?: { readonly afterMs: number; readonly to: Recipient } | undefined
}

export const isFor = ({ severities: wanted, kinds }: Route, { severity, kind }: Pick<Alert, 'severity' | 'kind'>) =>
  wanted.includes(severity) && (kinds === undefined || kinds.includes(kind))

/** Who gets it: those of the routes, and to whom it escalated. Each once. */
export function recipientsOf(routes: readonly Route[], alert: Alert): Recipient[] {
  const all = [...routes.filter(route => isFor(route, alert)).map(({ to }) => to), ...alert.escalatedTo]
  return [...new Map(all.map(each => [recipientWords(each), each])).values()]
}

export const recipientWords = (recipient: Recipient): string =>
  'name' in recipient
    ? recipient.name
    : `every ${recipient.role}${recipient.organisation === undefined ? '' : ` of ${recipient.organisation}`}`

/** Nobody has to do anything about it any more. */
export const isOver = (alert: Alert): boolean =>
  alert.phase !== 'standing' && (alert.acknowledged !== undefined || !needsAcknowledgement(alert))
