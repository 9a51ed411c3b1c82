// Formulas: what they give, what is not known, and what is no formula.

import fc from 'fast-check'
import { parse as mathParse } from 'mathjs/number'
import { describe, expect, it } from 'vitest'
import {
  compileFormula,
  type Formula,
  MAX_LENGTH,
  MAX_PARTS,
  type Parse,
  withHysteresis,
} from '../../src/protection/formula.ts'

const parse = mathParse as unknown as Parse
const NAMES = new Map([
  ['Va', 'number'],
  ['Ia', 'number'],
  ['Ib', 'number'],
  ['Ic', 'number'],
  ['open', 'condition'],
  ['pickup', 'condition'],
] as const)
const VALUES = new Map<string, number | boolean>([
  ['Va', 560],
  ['Ia', 10],
  ['Ib', 20],
  ['Ic', 30.5],
  ['open', false],
])

const compile = (text: string): Formula => {
  const result = compileFormula(text, parse, NAMES)
  if ('wrong' in result) throw new Error(result.wrong)
  return result
}
const wrong = (text: string): string | undefined => {
  const result = compileFormula(text, parse, NAMES)
  return 'wrong' in result ? result.wrong : undefined
}

const worked = [
  ['Ia+Ib+Ic', 60.5],
  ['Ia + Ib * 2', 50],
  ['(Ia + Ib) * 2', 60],
  ['-Ia', -10],
  ['Ia ^ 2', 100],
  ['abs(Ia - Ib)', 10],
  ['max(Ia, Ib, Ic) / min(Ia, Ib, Ic)', 3.05],
  ['sqrt(Ia * Ia)', 10],
  ['1.5e3', 1500],
  ['Va > 550', true],
  ['Va > 560', false],
  ['Va >= 560', true],
  ['Va < 560 or Ia == 10', true],
  ['not open and Va > 550', true],
  ['open xor Va > 550', true],
  ['open == false', true],
  ['550 < Va < 570', true],
  ['open ? Ia : Ib', 20],
] as const

const unknown = [
  ['a value that is not there', 'pickup'],
  ['a value that is not there, though it would not matter', 'Va > 550 or pickup'],
  ['a division by zero', 'Ia / 0'],
  ['the root of what is negative', 'sqrt(0 - Ia)'],
  ['more than a number can hold', '10 ^ 400'],
  ['a comparison with what is no number', 'Ia / 0 - Ia / 0 > 1 and pickup'],
] as const

const faults = [
  ['Vx > 3', 'there is no value "Vx", want one of Va, Ia, Ib, Ic, open, pickup'],
  ['constructor', 'there is no value "constructor", want one of Va, Ia, Ib, Ic, open, pickup'],
  ['pi * Ia', 'there is no value "pi", want one of Va, Ia, Ib, Ic, open, pickup'],
  ['Va = 3', 'an assignment may not stand in a formula: Va = 3'],
  ['f(x) = x', 'a function of its own may not stand in a formula: f(x) = x'],
  ['Va.constructor', 'a property may not stand in a formula: Va.constructor'],
  ['[1, 2]', 'a list may not stand in a formula: [1, 2]'],
  ['"text"', 'want numbers, not "text"'],
  ['null', 'want numbers, not null'],
  ['NaN', 'want numbers, not null'],
  ['', 'it is empty'],
  ['Va; Ia', 'more than one formula may not stand in a formula: Va;\nIa'],
  ['2 Va', 'want an operator between 2 and Va'],
  ['Va Ia', 'want an operator between Va and Ia'],
  ['Va and open', '"and" wants a condition, and Va is a number'],
  ['open + 1', '"+" wants a number, and open is a condition'],
  ['open > 1', '">" wants a number, and open is a condition'],
  ['Va == open', '"==" wants a number, and open is a condition'],
  ['max(open, 1)', 'max wants a number, and open is a condition'],
  ['Va ? 1 : 2', '"?" wants a condition, and Va is a number'],
  ['abs(1, 2)', 'abs: 2 arguments, want 1'],
  ['max(1)', 'max: 1 arguments, want 2 to 16'],
  ['import(1)', 'there is no function "import", want one of abs, sqrt, min, max'],
  ['evaluate("1")', 'there is no function "evaluate", want one of abs, sqrt, min, max'],
  ['Va!', '"!" may not stand in a formula, want + - * / ^ < <= > >= == != and or xor not'],
  ['Va & 1', '"&" may not stand in a formula, want + - * / ^ < <= > >= == != and or xor not'],
  ['Va >', 'not a formula: Unexpected end of expression (char 5)'],
  ['(Va', 'not a formula: Parenthesis ) expected (char 4)'],
] as const

describe('formula', () => {
  it.each(worked)('%s gives %s', (text, gives) => expect(compile(text).evaluate(VALUES)).toBe(gives))
  it.each(unknown)('is not known for %s: %s', (_, text) => expect(compile(text).evaluate(VALUES)).toBeUndefined())
  it.each(faults)('refuses %s', (text, words) => expect(wrong(text)).toBe(words))

  it('is not known for a value of another kind than was declared, or that is no finite number', () => {
    expect(compile('Va > 5').evaluate(new Map([['Va', true]]))).toBeUndefined()
    expect(compile('Va > 5').evaluate(new Map([['Va', Number.NaN]]))).toBeUndefined()
    expect(compile('Va > 5').evaluate(new Map([['Va', Number.POSITIVE_INFINITY]]))).toBeUndefined()
    expect(compile('open').evaluate(new Map([['open', 1]]))).toBeUndefined()
  })
  it('says which names it uses, and whether it is a number or a condition', () => {
    expect(compile('Ia + Ib > 3 and open')).toMatchObject({ gives: 'condition', uses: new Set(['Ia', 'Ib', 'open']) })
    expect(compile('Ia + Ib').gives).toBe('number')
  })
  it('has so many parts and brackets at the most, and so many characters', () => {
    const sum = (parts: number): string => Array.from({ length: parts }, () => '1').join('+')
    expect(wrong(sum(MAX_PARTS / 2))).toBeUndefined()
    expect(wrong(sum(MAX_PARTS / 2 + 1))).toBe('want 100 parts at the most')
    expect(wrong(`${'('.repeat(32)}1${')'.repeat(32)}`)).toBeUndefined()
    expect(wrong(`${'('.repeat(33)}1${')'.repeat(33)}`)).toBe('want brackets within brackets 32 deep at the most')
    expect(wrong('1'.repeat(MAX_LENGTH + 1))).toBe('301 characters, want 300 at the most')
  })
  it('gives way by the hysteresis on the right side', () => {
    const around = (text: string, va: number): unknown => {
      const { comparison } = compile(text)
      if (comparison === undefined) throw new Error('no comparison')
      return compile(withHysteresis(comparison, 10)).evaluate(new Map([['Va', va]]))
    }
    expect([around('Va > 550', 540), around('(Va > 550)', 540.1)]).toEqual([false, true])
    expect([around('Va <= 100', 110), around('Va <= 100', 110.1)]).toEqual([true, false])
    expect(compile('Va > 550 and open').comparison).toBeUndefined()
    expect(compile('Va == 550').comparison).toBeUndefined()
  })

  const pieces = fc.constantFrom(
    ...[
      'Va',
      'Ia',
      'open',
      '1',
      '1e308',
      '0',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '+',
      '-',
      '*',
      '/',
      '^',
      '!',
      "'",
      '"',
      '.',
      '..',
    ],
    ...[
      ',',
      ';',
      ':',
      '?',
      '=',
      '==',
      '<',
      '>',
      'and',
      'or',
      'not',
      'xor',
      'mod',
      'to',
      'in',
      'max',
      'sqrt',
      'abs',
      ' ',
      '\n',
    ],
    ...[
      'constructor',
      '__proto__',
      'prototype',
      'import',
      'createUnit',
      'evaluate',
      'parse',
      'this',
      'function',
      '=>',
      '#',
    ],
    ...[
      '%',
      '&',
      '|',
      '~',
      '<<',
      '>>>',
      '.*',
      "'",
      'i',
      'e',
      'pi',
      '0x1f',
      '0b1',
      '??',
      '?.',
      '$',
      '\\',
      '\u0000',
      '😀',
      'end',
    ],
  )
  const hostile = fc.oneof(
    fc.array(pieces, { maxLength: 60 }).map(parts => parts.join('')),
    fc.array(pieces, { maxLength: 60 }).map(parts => parts.join(' ')),
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.nat(300).map(depth => `${'-'.repeat(depth)}1`),
    fc.nat(100).map(depth => `${'not '.repeat(depth)}open`),
    fc.nat(100).map(depth => `${'2^'.repeat(depth)}2`),
  )
  /** Of this process: what others take of the machine is no part of it. */
  const processorMs = (): number => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  it('never throws and never takes long, whatever the text is', () => {
    let longestMs = 0
    fc.assert(
      fc.property(hostile, text => {
        const before = processorMs()
        const result = compileFormula(text, parse, NAMES)
        if ('wrong' in result) expect(result.wrong).not.toBe('')
        else {
          const value = result.evaluate(VALUES)
          expect(['undefined', result.gives === 'number' ? 'number' : 'boolean']).toContain(typeof value)
          for (const name of result.uses) expect(NAMES.has(name as 'Va')).toBe(true)
        }
        longestMs = Math.max(longestMs, processorMs() - before)
      }),
      { numRuns: 3000 },
    )
    expect(longestMs).toBeLessThan(1000) // a few ms, and what the runtime does beside it
  })
})
