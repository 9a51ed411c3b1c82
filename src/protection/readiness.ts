// Whether an IED could act now, apart from what its schemes need: what stands in the way of all of them, or of some.

export interface Situation {
  /** It has a field device. A back-end peer has none, and is never asked to act. */
  readonly hasDevice: boolean
  /** Undefined before the device was read. */
  readonly answering: boolean | undefined
  readonly silentBecause: string | undefined
  readonly readOnly: boolean
  readonly inhibited: boolean
  /** What has latched here. */
  readonly latched: readonly string[]
  readonly status: {
    readonly position?: 'open' | 'closed' | 'unknown' | undefined
    readonly lockedOut?: boolean | undefined
    readonly hotLineTag?: boolean | undefined
    readonly local?: boolean | undefined
  }
  /** The switching device that it operates, if it operates one. */
  readonly device: string | undefined
  /** Devices around its zones whose position nobody has told lately. */
  readonly unknownAround: readonly string[]
  /** Neighbours on the feeder that are not connected, or to whom no protection link stands. */
  readonly away: readonly string[]
  readonly linkless: readonly string[]
  /** Of its neighbours, those that go by another feeder file. */
  readonly otherFeeder: readonly string[]
  readonly clockGood: boolean
  /** So long after a start only freshly keyed links are believed. */
  readonly settlesInMs: number
}

export interface Hindrance {
  readonly what: string
  readonly why: string
  /** `all`: nothing can be operated from here. `some`: the schemes say which of them it stops. */
  readonly stops: 'all' | 'some'
}

export function hindrances(of: Situation): readonly Hindrance[] {
  const found: Hindrance[] = []
  const say = (stops: Hindrance['stops'], what: string, why: string): void => void found.push({ what, why, stops })
  const { status } = of
  if (!of.hasDevice) say('all', 'no device', 'it has no field device')
  else if (of.answering === undefined) say('all', 'device', 'its field device has not been read yet')
  else if (!of.answering) say('all', 'device silent', of.silentBecause ?? 'its field device does not answer')
  if (of.hasDevice && of.readOnly)
    say('all', 'read-only', 'the configuration lets it read its device, and not operate it')
  if (of.device !== undefined && of.answering === true && (status.position ?? 'unknown') === 'unknown') {
    say('some', 'own position', `whether ${of.device} is open or closed is not known`)
  }
  if (status.local === true) say('all', 'local control', 'its device is in local control')
  if (of.inhibited) say('some', 'inhibited', 'a person inhibits its automatic operations; trips go on')
  if (status.lockedOut === true)
    say('some', 'locked out', 'the relay has spent its shots: closed again by a person, or fenced')
  if (status.hotLineTag === true) say('some', 'hot-line tag', 'people work on the line: nothing closes')
  for (const by of of.latched) say('some', 'latched', `${by}: nothing closes before a person resets it`)
  if (of.unknownAround.length > 0) {
    say('some', 'positions around', `not known: ${list(of.unknownAround)}`)
  }
  if (of.away.length > 0) say('some', 'neighbours', `not connected: ${list(of.away)}`)
  if (of.linkless.length > 0) say('some', 'links', `connected, and no protection link stands: ${list(of.linkless)}`)
  if (of.otherFeeder.length > 0) {
    say('some', 'feeder file', `another one at ${list(of.otherFeeder)}: protection messages are refused both ways`)
  }
  if (!of.clockGood) say('some', 'clock', 'its UTC is not good: gossip and stored orders count for less')
  if (of.settlesInMs > 0) {
    const seconds = Math.ceil(of.settlesInMs / 1000)
    say('some', 'just started', `for ${seconds} s more only what comes over fresh links is believed`)
  }
  return found
}

const SHOWN = 12
const list = (names: readonly string[]): string =>
  names.length <= SHOWN ? names.join(', ') : `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more`

export interface SchemeReadiness {
  readonly scheme: string
  readonly ready: boolean
  readonly why?: string
}

/** One row a scheme: where two answer for it, it is ready only when both say so. By name. */
export function merged(answers: readonly SchemeReadiness[]): readonly SchemeReadiness[] {
  const byName = new Map<string, SchemeReadiness>()
  for (const answer of answers) {
    const before = byName.get(answer.scheme)
    const why = [before?.why, answer.why].filter(each => each !== undefined).join('; ')
    const ready = answer.ready && before?.ready !== false
    byName.set(answer.scheme, { scheme: answer.scheme, ready, ...(why === '' ? {} : { why }) })
  }
  return [...byName.values()].sort((one, other) => (one.scheme < other.scheme ? -1 : 1))
}
