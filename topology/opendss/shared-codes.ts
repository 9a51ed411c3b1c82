// Names for the line codes of the feeder.
//
// OpenDSS's codes know no phases, ours do: one that is used on other phases, or with lengths in other units where it has
// none itself, becomes several. The only one of its kind keeps the name.

import type { Branch, LineCodeInput, SharedCode } from './branch.ts'
import { nameSpace } from './names.ts'
import type { Place } from './note.ts'

export interface NamedCodes {
  readonly lineCodes: readonly { readonly entry: LineCodeInput; readonly at: Place }[]
  nameOf(code: SharedCode): string
}

export function namedCodes(branches: readonly Branch[]): NamedCodes {
  const keys = new Map<SharedCode, string>()
  const variants = new Map<string, Map<string, SharedCode>>()
  for (const { code } of branches) {
    if (!code) continue
    const known = variants.get(code.name) ?? new Map<string, SharedCode>()
    variants.set(code.name, known)
    if (!known.has(keyOf(code))) known.set(keyOf(code), code)
  }
  const giveName = nameSpace()
  const names = new Map<string, string>()
  const lineCodes = [...variants].flatMap(([codeName, known]) => {
    const units = new Set([...known.values()].map(({ unitM }) => unitM))
    return [...known].map(([key, code]) => {
      const unit = units.size > 1 ? `-${code.unitM}m` : ''
      const name = giveName(known.size > 1 ? `${codeName}-${code.phases.join('')}${unit}` : codeName, 'code')
      names.set(`${codeName} ${key}`, name)
      return { entry: { name, phases: [...code.phases], ...code.figures }, at: code.at }
    })
  })
  return { lineCodes, nameOf: code => names.get(`${code.name} ${keyOf(code)}`) as string }

  /** Which conductor of the code is which phase shows in its figures, so they count too. */
  function keyOf(code: SharedCode): string {
    const known = keys.get(code)
    const key = known ?? `${code.phases.join('')} ${code.unitM} ${JSON.stringify(code.figures)}`
    if (known === undefined) keys.set(code, key)
    return key
  }
}
