// The known name that a mistyped one most likely meant.

/**
 * The known name with the fewest letters to change, insert or leave out.
 *
 * @returns undefined when more than a third of the letters (and more than one) would have to change. Names equally near
 * are taken in alphabetical order.
 */
export function nearestName(wrong: string, known: Iterable<string>): string | undefined {
  let best: { readonly name: string; readonly distance: number } | undefined
  const limit = Math.max(1, Math.floor(wrong.length / 3))
  for (const name of known) {
    if (Math.abs(name.length - wrong.length) > limit) continue
    const distance = editDistance(wrong.toLowerCase(), name.toLowerCase())
    if (distance > limit || distance >= Math.max(wrong.length, name.length)) continue
    const nearer = !best || distance < best.distance || (distance === best.distance && name < best.name)
    if (nearer) best = { name, distance }
  }
  return best?.name
}

/** Levenshtein's distance, one row of the table at a time. */
function editDistance(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let column = 1; column <= other.length; column++) {
      const replaced = (above[column - 1] as number) + (one[row - 1] === other[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (above[column] as number) + 1, (current[column - 1] as number) + 1))
    }
    above = current
  }
  return above[other.length] as number
}
