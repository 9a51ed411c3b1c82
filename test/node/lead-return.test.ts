import { describe, expect, it } from 'vitest'
import { leadReturn } from '../../src/node/lead-return.ts'
import type { Outcome } from '../../src/protection/command.ts'

/** What each IED answers, one after the other: `done>tie` names the tie as the next. */
async function lead(answers: Record<string, string[]>): Promise<string> {
  const left = structuredClone(answers)
  const asked: string[] = []
  const last = await leadReturn(
    'switch',
    async ied => {
      const [result, next] = (left[ied]?.shift() ?? 'unknown').split('>')
      const outcome = { command: 'ada/1', ied, result: result as Outcome['result'], words: 'so' }
      return next === undefined ? outcome : { ...outcome, next }
    },
    ({ ied, result }) => void asked.push(`${ied} ${result}`),
  )
  return `${asked.join(', ')}: ${last.result}`
}

describe('a return to normal that one person leads', () => {
  it.each([
    ['follows each answer until nothing is left', { switch: ['done>tie'], tie: ['done>recloser'], recloser: ['done'] }],
    ['begins with whom the first one names', { switch: ['refused>tie', 'done'], tie: ['done>switch'] }],
  ])('%s', async (_, answers) => {
    const said = await lead(answers)
    expect(said).toMatch(/: done$/)
    expect(said).toMatchSnapshot()
  })

  it.each([
    ['a step that nobody knows the end of', { switch: ['done>tie'], tie: ['unknown>recloser'], recloser: ['done'] }],
    ['a step that failed', { switch: ['failed>tie'], tie: ['done'] }],
    ['a refusal that names nobody else', { switch: ['refused'] }],
    ['two that each want the other one first', { switch: ['refused>tie'], tie: ['refused>switch'] }],
    ['one that is still named after its own turn', { switch: ['done>switch'] }],
  ])('ends with %s, and sends nothing twice', async (_, answers) => {
    expect(await lead(answers)).toMatchSnapshot()
  })

  it('ends when answers go round for ever', async () => {
    const round = { switch: Array(99).fill('done>tie'), tie: Array(99).fill('done>switch') }
    expect((await lead(round)).split(',')).toHaveLength(64)
  })
})
