// What changed between two looks at the field device, as entries of the sequence of events. The first look after a start or a
// silence is no change: it says how things stand.

import type { Plain } from './sequence-of-events.ts'

/** Of a status, what the sequence tells of. */
export interface Shown {
  readonly position?: 'open' | 'closed' | 'unknown' | undefined
  readonly pickup?: boolean | undefined
  readonly groundPickup?: boolean | undefined
  readonly highSet?: boolean | undefined
  readonly tripped?: boolean | undefined
  readonly lockedOut?: boolean | undefined
  readonly hotLineTag?: boolean | undefined
  readonly local?: boolean | undefined
  readonly sag?: boolean | undefined
  readonly dead?: boolean | undefined
  readonly farDead?: boolean | undefined
  readonly shed?: boolean | undefined
  readonly entered?: number | undefined
  readonly left?: number | undefined
  readonly residualPu?: number | undefined
}

export interface Change {
  readonly event: string
  readonly fields: Readonly<Record<string, Plain>>
}

/** What a flag is called when it comes and when it goes. */
const FLAGS = {
  pickup: ['pickup', 'dropout'],
  highSet: ['high-set-pickup', 'high-set-dropout'],
  tripped: ['relay-tripped', 'relay-reset'],
  lockedOut: ['relay-locked-out', 'relay-unlocked'],
  hotLineTag: ['hot-line-tag', 'hot-line-tag-off'],
  local: ['local-control', 'remote-control'],
  sag: ['voltage-low', 'voltage-normal'],
  dead: ['no-voltage', 'voltage-back'],
  farDead: ['far-side-dead', 'far-side-live'],
  shed: ['load-shed', 'load-restored'],
} as const satisfies { [flag in keyof Shown]?: readonly [string, string] }
type Flag = keyof typeof FLAGS
const FLAG_NAMES = Object.keys(FLAGS) as Flag[]

/**
 * @param device that the IED operates, for its position
 * @param observed the sections whose current it observes, in the order of the bits
 */
export function statusChanges(
  before: Shown | undefined,
  now: Shown,
  device: string | undefined,
  observed: readonly string[],
): readonly Change[] {
  if (before === undefined) return [{ event: 'first-look', fields: standing(now, device, observed) }]
  const changes: Change[] = []
  if (now.position !== undefined && now.position !== before.position) {
    changes.push({ event: 'position', fields: { ...named(device), position: now.position } })
  }
  for (const flag of FLAG_NAMES) {
    const value = now[flag]
    if (value === undefined || value === (before[flag] ?? false)) continue
    const isGround = flag === 'pickup' && value && now.groundPickup === true
    changes.push({ event: FLAGS[flag][value ? 0 : 1], fields: isGround ? { ground: true } : {} })
  }
  if (now.pickup === true && before.pickup === true && now.groundPickup === true && before.groundPickup === false) {
    changes.push({ event: 'ground-pickup', fields: {} })
  }
  const { entered = 0, left = 0 } = now
  if (entered !== (before.entered ?? 0) || left !== (before.left ?? 0)) {
    changes.push({ event: 'fault-passage', fields: passage(now, observed) })
  }
  return changes
}

function standing(now: Shown, device: string | undefined, observed: readonly string[]): Record<string, Plain> {
  const flags = FLAG_NAMES.filter(flag => now[flag] === true)
  return {
    ...named(device),
    ...(now.position === undefined ? {} : { position: now.position }),
    ...(flags.length === 0 ? {} : { stands: flags.map(flag => FLAGS[flag][0]).join(' ') }),
    ...(now.entered === undefined || now.entered === 0 ? {} : passage(now, observed)),
  }
}

const passage = ({ entered = 0, left = 0, residualPu }: Shown, observed: readonly string[]): Record<string, Plain> => ({
  entered: sections(entered, observed),
  left: sections(left, observed),
  ...(residualPu === undefined ? {} : { residualPu }),
})

const sections = (bits: number, observed: readonly string[]): string =>
  observed.filter((_, index) => Math.floor(bits / 2 ** index) % 2 === 1).join(' ')

const named = (device: string | undefined): Record<string, Plain> => (device === undefined ? {} : { device })

/** Whether the power system is in trouble here: what was measured before that is how it stood at its start. */
export const isTrouble = ({ pickup, sag, dead, entered = 0 }: Shown): boolean =>
  pickup === true || sag === true || dead === true || entered !== 0
