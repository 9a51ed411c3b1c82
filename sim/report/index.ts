export { type Indices, indicesOf, MOMENTARY_MINUTES, type Outage } from './indices.ts'
export { type ReportInput, reportPage } from './report-page.ts'
export { recordVoltages, type VoltageCourse, type VoltageRecord } from './voltage-record.ts'
