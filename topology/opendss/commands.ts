// What OpenDSS's commands are to us. A shortened command means the first that begins so, in OpenDSS's order.

type Meaning =
  | 'new'
  | 'edit'
  | 'more'
  | 'select'
  | 'enable'
  | 'disable'
  | 'include'
  | 'set'
  | 'open'
  | 'close'
  | 'clear'
  | 'compile'
  | 'coordinates'
  | 'places'
  | 'without-meaning'
  | 'not-understood'

const COMMANDS: readonly (readonly [string, Meaning])[] = [
  ['new', 'new'],
  ['edit', 'edit'],
  ['more', 'more'],
  ['m', 'more'],
  ['~', 'more'],
  ['select', 'select'],
  ['save', 'without-meaning'],
  ['show', 'without-meaning'],
  ['solve', 'without-meaning'],
  ['enable', 'enable'],
  ['disable', 'disable'],
  ['plot', 'without-meaning'],
  ['reset', 'without-meaning'],
  ['compile', 'compile'],
  ['set', 'set'],
  ['dump', 'without-meaning'],
  ['open', 'open'],
  ['close', 'close'],
  ['redirect', 'include'],
  ['help', 'without-meaning'],
  ['quit', 'without-meaning'],
  ['?', 'without-meaning'],
  ['next', 'without-meaning'],
  ['panel', 'without-meaning'],
  ['sample', 'without-meaning'],
  ['clear', 'clear'],
  ['about', 'without-meaning'],
  ['calcvoltagebases', 'without-meaning'],
  ['setkvbase', 'without-meaning'],
  ['buildy', 'without-meaning'],
  ['get', 'without-meaning'],
  ['init', 'without-meaning'],
  ['export', 'without-meaning'],
  ['fileedit', 'without-meaning'],
  ['voltages', 'without-meaning'],
  ['currents', 'without-meaning'],
  ['powers', 'without-meaning'],
  ['buscoords', 'coordinates'],
  ['makebuslist', 'without-meaning'],
  ['interpolate', 'without-meaning'],
  ['summary', 'without-meaning'],
  ['visualize', 'without-meaning'],
  ['closedi', 'without-meaning'],
  ['relcalc', 'without-meaning'],
  ['cktlosses', 'without-meaning'],
  ['losses', 'without-meaning'],
  ['cleanup', 'without-meaning'],
  ['finishtimestep', 'without-meaning'],
  ['userclasses', 'without-meaning'],
  ['addbusmarker', 'without-meaning'],
  ['clearbusmarkers', 'without-meaning'],
  ['guids', 'without-meaning'],
  ['uuids', 'without-meaning'],
  ['giscoords', 'without-meaning'],
  ['latlongcoords', 'places'],
  ['reprocessbuses', 'without-meaning'],
  ['updatestorage', 'without-meaning'],
  ['clearall', 'clear'],
  // These change the circuit in ways that are not followed here.
  ['makeposseq', 'not-understood'],
  ['reduce', 'not-understood'],
  ['rephase', 'not-understood'],
  ['reconductor', 'not-understood'],
  ['distribute', 'not-understood'],
  ['allocateloads', 'not-understood'],
  ['estimate', 'not-understood'],
  ['setloadandgenkv', 'not-understood'],
  ['setbusxy', 'not-understood'],
  ['batchedit', 'not-understood'],
  ['cd', 'not-understood'],
  ['var', 'not-understood'],
]

export function commandOf(word: string): { readonly name: string; readonly meaning: Meaning } | undefined {
  const wanted = word.toLowerCase()
  if (wanted === '') return undefined
  const found = COMMANDS.find(([name]) => name === wanted) ?? COMMANDS.find(([name]) => name.startsWith(wanted))
  return found && { name: found[0], meaning: found[1] }
}

const OPTIONS: readonly (readonly [string, 'frequency' | 'load-multiplier' | 'not-understood'])[] = [
  ['defaultbasefrequency', 'frequency'],
  ['basefrequency', 'frequency'],
  ['loadmult', 'load-multiplier'],
  ['datapath', 'not-understood'],
  ['genmult', 'not-understood'],
  ['cktmodel', 'not-understood'],
  ['allowduplicates', 'not-understood'],
]

/** Of `Set`: what an option is to us; all others only steer OpenDSS's own solution and reports. */
export function optionOf(word: string): 'frequency' | 'load-multiplier' | 'not-understood' | 'without-meaning' {
  const wanted = word.toLowerCase()
  // Shorter ones could as well mean `defaultdaily` or `loadmodel`.
  const found = OPTIONS.find(([name]) => name === wanted || (wanted.length >= 6 && name.startsWith(wanted)))
  return found?.[1] ?? 'without-meaning'
}
