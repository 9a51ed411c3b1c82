// Names of the feeder from names of OpenDSS, which may hold other characters and be the same in different classes.

const LONGEST = 64

/** Gives names that no other entry of its space has. */
export type GiveName = (wanted: string, kind: string) => string

/**
 * The wanted name where it is free, else with the kind in front of it, else with a number behind: in the order of asking,
 * so the same file always gives the same names.
 */
export function nameSpace(): GiveName {
  const taken = new Set<string>()
  return (wanted, kind) => {
    const plain = asName(wanted)
    const prefixed = asName(`${kind}-${plain}`)
    let name = taken.has(plain) ? prefixed : plain
    for (let n = 2; taken.has(name); n++) name = `${prefixed.slice(0, LONGEST - 1 - String(n).length)}-${n}`
    taken.add(name)
    return name
  }
}

/** Letters, digits, `_`, `.` and `-`, beginning with a letter or digit, 64 at most. */
export function asName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, LONGEST)
  return /^[A-Za-z0-9]/.test(name) ? name : `x${name}`.slice(0, LONGEST)
}
