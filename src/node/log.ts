// Events with fields, so that a run can be queried. One JSON object a line on standard error.

import { pino } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface Log {
  debug(event: string, fields?: Record<string, unknown>): void
  info(event: string, fields?: Record<string, unknown>): void
  warn(event: string, fields?: Record<string, unknown>): void
  error(event: string, fields?: Record<string, unknown>): void
}

export function jsonLog(base: Record<string, unknown>, level: LogLevel): Log {
  const logger = pino({ level, base, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination(2))
  const at =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: Record<string, unknown> = {}) =>
      logger[name]({ event, ...fields })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
