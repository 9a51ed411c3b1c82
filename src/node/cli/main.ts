#!/usr/bin/env -S node --max-semi-space-size=1 --v8-pool-size=1 --heap-growing-percent=50
import '../polyfill.ts'
import { runCommandLine } from './program.ts'

await runCommandLine(process.argv.slice(2))
// Aborted dials may hold their sockets for a while; everything that matters is flushed by now.
process.stdout.write('', () => process.exit())
