// A user's formula over measured values, such as `Ia + Ib + Ic` or `Va > 550 and not open`.
//
// The text is parsed by a library into a tree, and of that tree only what is listed here is taken: numbers, the names that
// there are, arithmetic, comparisons, `and or xor not`, `a ? b : c` and a few functions. No assignment, no function of
// one's own, no property, text, list or unit. Every part is a number or a condition, and that is checked before it ever
// runs: `Va and 3` is a fault of the text, not of the day on which it is evaluated.
//
// A value that is absent or doubted makes the whole formula unknown, also where it might not matter: what is not known is
// neither zero nor false. So does what is no finite number, such as a division by zero.

/** As much as is looked at of what the parser gives. */
export interface SyntaxNode {
  readonly type: string
  readonly name?: string
  readonly value?: unknown
  readonly op?: string
  readonly implicit?: boolean
  readonly args?: readonly SyntaxNode[]
  readonly fn?: unknown
  readonly content?: SyntaxNode
  readonly conditionals?: readonly string[]
  readonly params?: readonly SyntaxNode[]
  readonly condition?: SyntaxNode
  readonly trueExpr?: SyntaxNode
  readonly falseExpr?: SyntaxNode
  toString(): string
  compile(): { evaluate(scope: Map<string, FormulaValue>): unknown }
}

/** @throws Error in words about the text */
export type Parse = (text: string) => SyntaxNode

export type FormulaValue = number | boolean
export type FormulaType = 'number' | 'condition'
export type Names = ReadonlyMap<string, FormulaType>

export interface Formula {
  readonly text: string
  readonly gives: FormulaType
  /** The names in it. */
  readonly uses: ReadonlySet<string>
  /** @returns undefined when it is not known */
  evaluate(values: ReadonlyMap<string, FormulaValue>): FormulaValue | undefined
  /** The two sides, when the whole is one comparison. */
  readonly comparison?: { readonly left: string; readonly op: '<' | '<=' | '>' | '>='; readonly right: string }
}

/** What is wrong with the text, and what would be right. */
export interface Wrong {
  readonly wrong: string
}

export const MAX_LENGTH = 300
export const MAX_PARTS = 100
/** Of brackets within brackets: the parser calls itself for each. */
const MAX_DEPTH = 32

const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '^'])
const COMPARISONS: ReadonlySet<string> = new Set(['<', '<=', '>', '>=', '==', '!='])
const LOGIC: ReadonlySet<string> = new Set(['and', 'or', 'xor', 'not'])
/** With how many arguments at the least and at the most. */
const FUNCTIONS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['abs', [1, 1]],
  ['sqrt', [1, 1]],
  ['min', [2, 16]],
  ['max', [2, 16]],
])
export const functionNames: readonly string[] = [...FUNCTIONS.keys()]
/** Words of the language, which no formula may be called. */
export const reservedNames: ReadonlySet<string> = new Set([
  ...functionNames,
  ...LOGIC,
  'true',
  'false',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  'mod',
  'to',
  'in',
  'end',
])

class Fault extends Error {}
const fault = (wrong: string): never => {
  throw new Fault(wrong)
}

/** Never throws, whatever the text is. */
export function compileFormula(text: string, parse: Parse, names: Names): Formula | Wrong {
  if (text.length > MAX_LENGTH) return { wrong: `${text.length} characters, want ${MAX_LENGTH} at the most` }
  if (depthOf(text) > MAX_DEPTH) return { wrong: `want brackets within brackets ${MAX_DEPTH} deep at the most` }
  let root: SyntaxNode
  try {
    root = parse(text)
  } catch (error) {
    return { wrong: `not a formula: ${(error as Error).message}` }
  }
  const uses = new Set<string>()
  let parts = 0
  try {
    const gives = typeOf(root)
    const code = root.compile()
    return { text, gives, uses, ...comparisonOf(root), evaluate: values => evaluated(code, gives, typed(uses), values) }
  } catch (error) {
    return { wrong: error instanceof Fault ? error.message : `not a formula: ${(error as Error).message}` }
  }

  function typed(used: ReadonlySet<string>): Names {
    return new Map([...names].filter(([name]) => used.has(name)))
  }

  function typeOf(node: SyntaxNode): FormulaType {
    if (++parts > MAX_PARTS) fault(`want ${MAX_PARTS} parts at the most`)
    switch (node.type) {
      case 'ConstantNode':
        return constantType(node)
      case 'SymbolNode':
        return nameType(node.name ?? '')
      case 'ParenthesisNode':
        return typeOf(node.content ?? fault('an empty pair of brackets'))
      case 'OperatorNode':
        return operatorType(node)
      case 'RelationalNode':
        for (const each of node.params ?? []) want(each, 'number', 'a comparison')
        return 'condition'
      case 'ConditionalNode': {
        const { condition, trueExpr, falseExpr } = node as Required<SyntaxNode>
        want(condition, 'condition', '"?"')
        const type = typeOf(trueExpr)
        want(falseExpr, type, 'the other side of ":"')
        return type
      }
      case 'FunctionNode':
        return functionType(node)
      default:
        return fault(`${KINDS.get(node.type) ?? node.type} may not stand in a formula: ${short(node.toString())}`)
    }
  }

  function constantType({ value }: SyntaxNode): FormulaType {
    if (typeof value === 'boolean') return 'condition'
    if (typeof value === 'number' && Number.isFinite(value)) return 'number'
    return fault(value === undefined ? 'it is empty' : `want numbers, not ${short(JSON.stringify(value) ?? '')}`)
  }

  function nameType(name: string): FormulaType {
    const type = names.get(name)
    if (type === undefined)
      return fault(`there is no value "${short(name)}", want one of ${[...names.keys()].join(', ')}`)
    uses.add(name)
    return type
  }

  function operatorType({ op = '', args = [], implicit }: SyntaxNode): FormulaType {
    if (implicit === true)
      return fault(`want an operator between ${args.map(each => short(each.toString())).join(' and ')}`)
    if (ARITHMETIC.has(op)) {
      for (const each of args) want(each, 'number', `"${op}"`)
      return 'number'
    }
    if (LOGIC.has(op)) {
      for (const each of args) want(each, 'condition', `"${op}"`)
      return 'condition'
    }
    if (!COMPARISONS.has(op)) {
      return fault(`"${op}" may not stand in a formula, want ${[...ARITHMETIC, ...COMPARISONS, ...LOGIC].join(' ')}`)
    }
    const [left, right] = args as [SyntaxNode, SyntaxNode]
    const type = op === '==' || op === '!=' ? typeOf(left) : 'number'
    if (op !== '==' && op !== '!=') want(left, 'number', `"${op}"`)
    want(right, type, `"${op}"`)
    return 'condition'
  }

  function functionType({ fn, args = [] }: SyntaxNode): FormulaType {
    const name = (fn as SyntaxNode | undefined)?.type === 'SymbolNode' ? ((fn as SyntaxNode).name ?? '') : ''
    const count = FUNCTIONS.get(name)
    if (count === undefined)
      return fault(`there is no function "${short(name)}", want one of ${functionNames.join(', ')}`)
    if (args.length < count[0] || args.length > count[1]) {
      const most = count[0] === count[1] ? `${count[0]}` : `${count[0]} to ${count[1]}`
      return fault(`${name}: ${args.length} arguments, want ${most}`)
    }
    for (const each of args) want(each, 'number', name)
    return 'number'
  }

  function want(node: SyntaxNode, type: FormulaType, by: string): void {
    const found = typeOf(node)
    if (found !== type) fault(`${by} wants a ${type}, and ${short(node.toString())} is a ${found}`)
  }
}

function evaluated(
  code: ReturnType<SyntaxNode['compile']>,
  gives: FormulaType,
  uses: Names,
  values: ReadonlyMap<string, FormulaValue>,
): FormulaValue | undefined {
  const scope = new Map<string, FormulaValue>()
  for (const [name, type] of uses) {
    const value = values.get(name)
    if (typeof value !== (type === 'number' ? 'number' : 'boolean')) return undefined
    if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return undefined
    scope.set(name, value)
  }
  let result: unknown
  try {
    result = code.evaluate(scope)
  } catch {
    return undefined // the library has no result for these values
  }
  if (gives === 'condition') return typeof result === 'boolean' ? result : undefined
  return typeof result === 'number' && Number.isFinite(result) ? result : undefined
}

function comparisonOf(root: SyntaxNode): Pick<Formula, 'comparison'> {
  let node = root
  while (node.type === 'ParenthesisNode' && node.content !== undefined) node = node.content
  const [left, right] = node.args ?? []
  if (node.type !== 'OperatorNode' || left === undefined || right === undefined) return {}
  if (node.op !== '<' && node.op !== '<=' && node.op !== '>' && node.op !== '>=') return {}
  return { comparison: { left: left.toString(), op: node.op, right: right.toString() } }
}

/** The same comparison, which gives way only beyond its limit by so much. */
export function withHysteresis({ left, op, right }: NonNullable<Formula['comparison']>, by: number): string {
  return op.startsWith('>') ? `(${left}) ${op} (${right}) - ${by}` : `(${left}) ${op} (${right}) + ${by}`
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ['AssignmentNode', 'an assignment'],
  ['FunctionAssignmentNode', 'a function of its own'],
  ['AccessorNode', 'a property'],
  ['IndexNode', 'an index'],
  ['ArrayNode', 'a list'],
  ['ObjectNode', 'an object'],
  ['RangeNode', 'a range'],
  ['BlockNode', 'more than one formula'],
])

const short = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)

function depthOf(text: string): number {
  let depth = 0
  let most = 0
  for (const character of text) {
    if ('([{'.includes(character)) most = Math.max(most, ++depth)
    else if (')]}'.includes(character)) depth--
  }
  return most
}
