import { describe, expect, it } from 'vitest'
import { asMarkup, html, raw } from '../../../sim/report/html.ts'

const HOSTILE = `"><script>alert('x')</script>&amp;`

describe('html', () => {
  it('escapes whatever is put in, in text and in attributes', () => {
    const { markup } = html`<p title="${HOSTILE}">${HOSTILE}</p>`
    expect(markup).not.toContain('<script')
    expect(markup).toBe(
      '<p title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;">&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;</p>',
    )
  })

  it('takes control characters and turned reading directions out of sight', () => {
    expect(html`${'a\u0000b\u202ec\nd'}`.markup).toBe('a\ufffdb\ufffdc\nd')
  })

  it('joins lists, leaves out nothing and false, and keeps markup', () => {
    expect(html`${[html`<b>${1}</b>`, '<']}${undefined}${false}${raw(asMarkup('<i>'))}`.markup).toBe('<b>1</b>&lt;<i>')
  })
})
