// The walls between the folders: who may import whom, and which folders decide without clock, chance or timers.
// Prints one line for each fault, `file:line: imports X, want …`, and exits with 1 when there is one.
//
//   node scripts/check-imports.mjs

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')

const EVERYTHING = ['topology', 'src', 'sim', 'test', 'bench']

/** The first wall whose folder holds the file counts. `may` lists the folders of ours that it may import. */
const WALLS = [
  { folder: 'topology', may: ['topology'], pure: ['clock', 'chance', 'timers'] },
  {
    folder: 'src/protection',
    may: ['src/protection', 'topology'],
    pure: ['clock', 'chance', 'timers', 'date', 'node'],
  },
  { folder: 'src/aggregation', may: ['src/aggregation', 'topology'], pure: ['clock', 'chance', 'timers'] },
  { folder: 'src/hal', may: ['src/hal', 'topology'] },
  { folder: 'src/mesh', may: ['src/mesh', 'topology'] },
  { folder: 'src/node/cli', may: ['src', 'topology'], dynamically: ['sim'] },
  { folder: 'src/node', may: ['src', 'topology'] },
  { folder: 'sim', may: EVERYTHING },
  { folder: 'test', may: EVERYTHING },
  { folder: 'bench', may: EVERYTHING },
]

const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'])

const isBelow = (file, folder) => file === folder || file.startsWith(`${folder}/`)

/** @returns faults of one file, each `file:line: …` */
export function faultsOf(file, text) {
  const wall = WALLS.find(({ folder }) => isBelow(file, folder))
  if (wall === undefined) return []
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const faults = []
  const complain = (node, what) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
    faults.push(`${file}:${line + 1}: ${what}`)
  }

  function checkImport(node, specifier, isDynamic) {
    if (specifier.startsWith('.')) {
      const target = relative(ROOT, resolve(ROOT, dirname(file), specifier))
        .split(sep)
        .join('/')
      if (wall.may.some(folder => isBelow(target, folder))) return
      if (isDynamic && wall.dynamically?.some(folder => isBelow(target, folder))) return
      const later = wall.dynamically === undefined ? '' : ` (${wall.dynamically.join(', ')} by import() only)`
      complain(node, `imports ${target}, want only ${wall.may.join(', ')}${later}`)
    } else if (wall.pure?.includes('node') && isBuiltin(specifier)) {
      complain(node, `imports ${specifier}, want no module of Node here: decisions do no I/O`)
    }
  }

  function checkPurity(node) {
    const { pure = [] } = wall
    if (pure.length === 0) return
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const name = `${node.expression.text}.${node.name.text}`
      if (pure.includes('clock') && name === 'Date.now') complain(node, `uses ${name}, want the time as an argument`)
      if (pure.includes('chance') && name === 'Math.random') complain(node, `uses ${name}, want chance as an argument`)
      if (pure.includes('timers') && node.expression.text === 'globalThis' && TIMERS.has(node.name.text))
        complain(node, `uses ${name}, want an action that the shell performs`)
    }
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date') {
      if (pure.includes('clock') && (node.arguments?.length ?? 0) === 0)
        complain(node, 'uses new Date(), want the time as an argument')
    }
    if (!ts.isIdentifier(node) || isNameOnly(node)) return
    if (pure.includes('timers') && TIMERS.has(node.text))
      complain(node, `uses ${node.text}, want an action that the shell performs`)
    if (pure.includes('clock') && node.text === 'performance')
      complain(node, 'uses performance, want the time as an argument')
    if (pure.includes('date') && node.text === 'Date') complain(node, 'uses Date, want the time as an argument')
  }

  const visit = node => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined)
      checkImport(node, node.moduleSpecifier.text, false)
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [specifier] = node.arguments
      if (specifier !== undefined && ts.isStringLiteralLike(specifier)) checkImport(node, specifier.text, true)
      else if (wall.folder !== 'src/node' && !EVERYTHING.every(folder => wall.may.includes(folder)))
        complain(node, 'imports a computed module, want a literal path')
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal))
      checkImport(node, node.argument.literal.text, false)
    checkPurity(node)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return faults
}

/** The name of a property or of a declared member, as in `{ performance: 1 }` or `reading.Date`: no use of the global. */
function isNameOnly(node) {
  const { parent } = node
  return (
    (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
    ((ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent)) && parent.name === node)
  )
}

const BUILTIN = new Set(['assert', 'crypto', 'events', 'fs', 'net', 'os', 'path', 'process', 'timers', 'util'])
const isBuiltin = specifier => specifier.startsWith('node:') || BUILTIN.has(specifier.split('/')[0])

function* filesBelow(folder) {
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (/\.(ts|mts|js|mjs)$/.test(entry.name)) yield path
  }
}

if (resolve(process.argv[1] ?? '') === fileURLToPath(import.meta.url)) {
  const folders = EVERYTHING.filter(folder => statSync(join(ROOT, folder), { throwIfNoEntry: false })?.isDirectory())
  const files = folders.flatMap(folder => [...filesBelow(folder)])
  const faults = files.flatMap(file => faultsOf(file, readFileSync(join(ROOT, file), 'utf8')))
  for (const fault of faults) process.stderr.write(`${fault}\n`)
  if (faults.length > 0) process.exitCode = 1
  else process.stdout.write(`imports: ${files.length} files, no wall broken\n`)
}
