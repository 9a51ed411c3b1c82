// SVG as text: elements, numbers of two decimals, text made safe.

type Attributes = Readonly<Record<string, string | number | undefined>>

/** Text for the inside of an element or attribute. Characters that XML 1.0 does not have are left out. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

export function number(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/** @param content inner SVG, already text */
export function element(tag: string, attributes: Attributes, content?: string): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? number(value) : escapeXml(String(value))}"`)
    .join('')
  return content === undefined ? `<${tag}${written}/>` : `<${tag}${written}>${content}</${tag}>`
}

export const group = (attributes: Attributes, content: readonly string[]): string =>
  element('g', attributes, content.join(''))

export function pathData(points: readonly { readonly x: number; readonly y: number }[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${number(x)} ${number(y)}`).join('')
}
