// HTML from templates: whatever is put in is escaped unless it is markup already.

declare const markup: unique symbol
/** Text that is HTML or SVG already. */
export type Markup = string & { readonly [markup]: true }

/** Vouches for text that was made as markup elsewhere, such as an SVG diagram. */
export const asMarkup = (text: string): Markup => text as Markup

type Part = string | number | undefined | false | readonly Part[] | Html
interface Html {
  readonly markup: Markup
}

// Control characters have no place in HTML, and text that turns round the reading direction could hide what it says.
const UNWANTED = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escapeText = (text: string): Markup =>
  text
    .replace(UNWANTED, found => (found === '\n' || found === '\t' ? found : '\ufffd'))
    .replace(/[&<>"']/g, found => ENTITIES[found] as string) as Markup

/** Strings and numbers are escaped, lists joined, `undefined` and `false` left out. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let made = ''
  texts.forEach((text, index) => {
    made += text + (index < parts.length ? show(parts[index]) : '')
  })
  return { markup: asMarkup(made) }
}

/** Puts markup into a template unescaped. */
export const raw = (text: Markup): Html => ({ markup: text })

function show(part: Part): string {
  if (part === undefined || part === false) return ''
  if (typeof part === 'string' || typeof part === 'number') return escapeText(String(part))
  if ('markup' in part) return part.markup
  return part.map(show).join('')
}

export type { Html }
