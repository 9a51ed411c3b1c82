export { ComtradeError, type ComtradeErrorCode } from './comtrade-error.ts'
export { parseComtrade, readComtrade } from './read.ts'
export * from './record.ts'
export { comtradeFile, type WrittenRecord } from './write.ts'
