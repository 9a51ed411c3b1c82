export { fromCbor, toCbor } from './cbor.ts'
export { type FeederCounts, feederCounts } from './counts.ts'
export {
  type Answer,
  createFeeder,
  type DevicePosition,
  type Downstream,
  type Feeder,
  type Groups,
  type Island,
  type Membership,
  type Tie,
  type Upstream,
  type Zone,
  type ZoneNeighbour,
} from './feeder.ts'
export {
  type DeviceEntry,
  type FeederFile,
  feederFileSchema,
  type IedEntry,
  type IedKind,
  type LoadEntry,
  type Phase,
  type SectionEntry,
} from './feeder-file.ts'
export { feederJsonSchema } from './json-schema.ts'
export { parseFeeder } from './load-feeder.ts'
export { nearestName } from './nearest-name.ts'
export type { ImportNote } from './opendss/note.ts'
export { type FeederFormat, type FeederRead, readFeederFile } from './read-any.ts'
export { TopologyError, type TopologyErrorCode } from './topology-error.ts'
export { feederTree, type TreeLine } from './tree.ts'
export { after, type Duration, duration, type Instant, instant, since, type UtcMs, utcMs } from './units.ts'
export { writeFeeder } from './write-feeder.ts'
