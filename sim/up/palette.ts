// Colours of the live view; plain text has none.

export interface Palette {
  good(text: string): string
  bad(text: string): string
  dim(text: string): string
  strong(text: string): string
}

const same = (text: string): string => text
export const plain: Palette = { good: same, bad: same, dim: same, strong: same }

const paint =
  (code: number) =>
  (text: string): string =>
    `\x1b[${code}m${text}\x1b[0m`
export const colours: Palette = { good: paint(32), bad: paint(31), dim: paint(2), strong: paint(1) }
