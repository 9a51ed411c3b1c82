// How much an import may take. A feeder file may come from a stranger, so each thing that can grow has an end; where it
// is reached, the import ends with an error that names it.

/** Of one file. The largest public feeders have some 10 MB in all. */
export const MOST_FILE_BYTES = 32 * 1024 * 1024
/** Of all files together, one that is included twice counted twice. */
export const MOST_BYTES = 64 * 1024 * 1024
export const MOST_FILES = 500
/** A file that includes a file that includes …, the master included. */
export const DEEPEST_INCLUDE = 20
export const MOST_ELEMENTS = 250_000
/** Given to one element, what it took from others by `like` included. */
export const MOST_SETTINGS_EACH = 2_000
export const MOST_SETTINGS = 3_000_000
/** Numbers or words of one list, such as `kVs=[…]`. */
export const MOST_LISTED = 10_000
/** Conductors of one line, phases of one element, windings of one transformer. */
export const MOST_CONDUCTORS = 20
/** Faults named in one error. */
export const MOST_FAULTS = 20
