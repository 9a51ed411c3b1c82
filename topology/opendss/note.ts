// What an import has to tell: each thing of the file that was not understood, left out or changed, and where it stands.
//
// A feeder has thousands of like entries, so what is said of one with the same words is said once, at the first place,
// with the number of times.

/** Something of an imported file that is not in the feeder as it was written. */
export interface ImportNote {
  /** As the message should name it. */
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly text: string
}

/** A place in an imported file. */
export interface Place {
  readonly file: string
  readonly line: number
}

/** Different texts; what would follow is only counted. */
const MOST_NOTES = 2000

export interface NoteList {
  /** Says `text` of what stands at `at`; the same text again only adds to its count. */
  note(at: Place, text: string): void
  /** In the order in which they were first said. */
  notes(): ImportNote[]
}

export function noteList(): NoteList {
  const counts = new Map<string, { readonly at: Place; count: number }>()
  let further = 0
  return {
    note(at, text) {
      const known = counts.get(text)
      if (known) known.count++
      else if (counts.size < MOST_NOTES) counts.set(text, { at, count: 1 })
      else further++
    },
    notes() {
      const notes = [...counts].map(([text, { at, count }]) => ({
        file: at.file,
        line: at.line,
        text: count === 1 ? text : `${text} (${count} times)`,
      }))
      const last = notes.at(-1)
      if (further > 0 && last) notes.push({ ...last, text: `and ${further} more notes` })
      return notes
    },
  }
}
