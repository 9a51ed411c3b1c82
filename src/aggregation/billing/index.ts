// What bills are computed with, from outside.

export * from './bill.ts'
export * from './billing-error.ts'
export { tariffFaults } from './check-tariff.ts'
export { compileTariff, type PriceSeries, priceSeries } from './compile-tariff.ts'
export { type BillOptions, bill } from './compute-bill.ts'
export * from './interval.ts'
export { intervalsInCsv } from './interval-csv.ts'
export { rawInterval, usualIntervalMs } from './readings-intervals.ts'
export { type Cycle, cycles, nextBoundary, statement } from './statement.ts'
export { type Tariff, type TariffInput, tariffSchema } from './tariff.ts'
export { urdbTariff } from './urdb.ts'
export * from './vee.ts'
