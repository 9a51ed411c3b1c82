export { ComtradeError, type ComtradeErrorCode } from './comtrade-error.ts'
export { parseComtrade, readComtrade } from './read.ts'
export * from './record.ts'
