// Rows as a table for people, or as CSV (RFC 4180) for spreadsheets.

type Row = Record<string, unknown>

export function table(rows: readonly Row[]): string {
  if (rows.length === 0) return '(none)\n'
  const columns = columnsOf(rows)
  const heads = columns.map(column => clean(column))
  const cells = rows.map(row => columns.map(column => clean(show(row[column]))))
  const widths = heads.map((head, index) => Math.max(head.length, ...cells.map(line => line[index]?.length ?? 0)))
  const isNumber = columns.map(column =>
    rows.every(row => row[column] === undefined || row[column] === null || typeof row[column] === 'number'),
  )
  const line = (values: readonly string[]): string =>
    values
      .map((value, index) => (isNumber[index] ? value.padStart(widths[index] ?? 0) : value.padEnd(widths[index] ?? 0)))
      .join('  ')
      .trimEnd()
  return `${[line(heads), line(widths.map(width => '─'.repeat(width))), ...cells.map(line)].join('\n')}\n`
}

export function csv(rows: readonly Row[]): string {
  const columns = columnsOf(rows)
  const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const lines = rows.map(row => columns.map(column => quote(cleanLines(show(row[column])))).join(','))
  return `${[columns.map(cleanLines).map(quote).join(','), ...lines].join('\r\n')}\r\n`
}

const columnsOf = (rows: readonly Row[]): string[] => [...new Set(rows.flatMap(row => Object.keys(row)))]

// Some of what is shown was chosen by peers, and must not move the cursor of whoever looks at it.
const clean = (text: string): string => text.replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')
/** For CSV, where a line break is a value like another. */
const cleanLines = (text: string): string => text.replace(/[^\t\r\n]+/g, clean)

function show(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
