// SunSpec's meter models: 201 to 204 in whole numbers with scale factors, 211 to 214 in floating point; single phase, split
// phase, wye, delta. Places count registers from the model's id.
//
// A scale factor is in a register of its own and may change from one look to the next, so a model is read in one block. What
// a meter does not have it says by a value that stands for that; it is then absent here. The places are those of
// sunspec/models, model_201.json to model_214.json.

/** A quantity's total, its phases, and its scale factor where it has one. */
interface Quantity {
  readonly total: number
  /** Of volts line to line: ab, bc, ca. */
  readonly phases: readonly [number, number, number]
  readonly scale?: number
}

export interface MeterLayout {
  readonly isFloat: boolean
  /** Registers after id and length. */
  readonly length: number
  readonly amps: Quantity
  readonly volts: Quantity
  readonly lineToLine: Quantity
  readonly watts: Quantity
  readonly voltAmperes: Quantity
  readonly vars: Quantity
  /** In percent with a scale factor, a ratio in floating point. */
  readonly powerFactor: Quantity
  readonly hertz: number
  readonly hertzScale?: number
  readonly exportWh: number
  readonly importWh: number
  readonly wattHourScale?: number
  readonly events: number
}

const whole: MeterLayout = {
  isFloat: false,
  length: 105,
  amps: { total: 2, phases: [3, 4, 5], scale: 6 },
  volts: { total: 7, phases: [8, 9, 10], scale: 15 },
  lineToLine: { total: 11, phases: [12, 13, 14], scale: 15 },
  watts: { total: 18, phases: [19, 20, 21], scale: 22 },
  voltAmperes: { total: 23, phases: [24, 25, 26], scale: 27 },
  vars: { total: 28, phases: [29, 30, 31], scale: 32 },
  powerFactor: { total: 33, phases: [34, 35, 36], scale: 37 },
  hertz: 16,
  hertzScale: 17,
  exportWh: 38,
  importWh: 46,
  wattHourScale: 54,
  events: 105,
}

const floating: MeterLayout = {
  isFloat: true,
  length: 124,
  amps: { total: 2, phases: [4, 6, 8] },
  volts: { total: 10, phases: [12, 14, 16] },
  lineToLine: { total: 18, phases: [20, 22, 24] },
  watts: { total: 28, phases: [30, 32, 34] },
  voltAmperes: { total: 36, phases: [38, 40, 42] },
  vars: { total: 44, phases: [46, 48, 50] },
  powerFactor: { total: 52, phases: [54, 56, 58] },
  hertz: 26,
  exportWh: 60,
  importWh: 68,
  events: 124,
}

const LAYOUTS: ReadonlyMap<number, MeterLayout> = new Map([
  ...[201, 202, 203, 204].map(id => [id, whole] as const),
  ...[211, 212, 213, 214].map(id => [id, floating] as const),
])
export const layoutOf = (modelId: number): MeterLayout | undefined => LAYOUTS.get(modelId)
export const METER_MODELS: readonly number[] = [...LAYOUTS.keys()]

const isSinglePhase = (modelId: number): boolean => modelId === 201 || modelId === 211

/** An energy register as it stands: 32 bits and its power of ten, or watt-hours that are rounded already. */
export type EnergyRegister = { readonly raw: number; readonly exponent: number } | { readonly wattHours: bigint }

export interface Phases {
  readonly a?: number
  readonly b?: number
  readonly c?: number
}

export interface MeterEvents {
  readonly powerFailure: boolean
  readonly underVoltage: boolean
  readonly overCurrent: boolean
  readonly overVoltage: boolean
  readonly missingSensor: boolean
}

/** As the meter shows it, in volts, amps, watts, volt-amperes and vars; what it does not have is absent. */
export interface MeterValues {
  readonly amps: Phases
  readonly volts: Phases
  readonly lineToLine: { readonly ab?: number; readonly bc?: number; readonly ca?: number }
  readonly watts: Phases
  readonly voltAmperes: Phases
  readonly vars: Phases
  /** As a ratio. */
  readonly powerFactor: Phases
  readonly total: {
    readonly watts?: number
    readonly voltAmperes?: number
    readonly vars?: number
    readonly powerFactor?: number
  }
  readonly hertz?: number
  readonly importWh?: EnergyRegister
  readonly exportWh?: EnergyRegister
  readonly events?: MeterEvents
}

/** Registers of a model, from its id on. */
export type Registers = { readonly [place: number]: number | undefined }

export function decodeMeter(modelId: number, layout: MeterLayout, registers: Registers): MeterValues {
  const read = layout.isFloat ? floatAt : scaledAt
  const quantity = ({ total, phases: [a, b, c], scale }: Quantity, isOnA = isSinglePhase(modelId)): Phases => {
    const onA = read(registers, a, scale)
    return defined({
      a: onA ?? (isOnA ? read(registers, total, scale) : undefined),
      b: read(registers, b, scale),
      c: read(registers, c, scale),
    })
  }
  const totalOf = ({ total, scale }: Quantity): number | undefined => read(registers, total, scale)
  const ratio = (value: number | undefined): number | undefined =>
    value === undefined || layout.isFloat ? value : value / 100
  const lineToLine = quantity(layout.lineToLine, false)
  const powerFactor = quantity(layout.powerFactor)
  // The scale factor of the frequency is the one that a meter may leave out although it has the value.
  const hertzScale =
    layout.hertzScale !== undefined && registers[layout.hertzScale] === NO_SCALE ? undefined : layout.hertzScale
  return {
    amps: quantity(layout.amps),
    volts: quantity(layout.volts),
    lineToLine: defined({ ab: lineToLine.a, bc: lineToLine.b, ca: lineToLine.c }),
    watts: quantity(layout.watts),
    voltAmperes: quantity(layout.voltAmperes),
    vars: quantity(layout.vars),
    powerFactor: defined({ a: ratio(powerFactor.a), b: ratio(powerFactor.b), c: ratio(powerFactor.c) }),
    total: defined({
      watts: totalOf(layout.watts),
      voltAmperes: totalOf(layout.voltAmperes),
      vars: totalOf(layout.vars),
      powerFactor: ratio(totalOf(layout.powerFactor)),
    }),
    ...defined({
      hertz: read(registers, layout.hertz, hertzScale),
      importWh: energyAt(registers, layout.importWh, layout),
      exportWh: energyAt(registers, layout.exportWh, layout),
      events: eventsAt(registers, layout.events),
    }),
  }
}

const NO_SCALE = 0x8000
const NO_INT16 = 0x8000
const MOST_EXPONENT = 10

const at = (registers: Registers, place: number): number => registers[place] ?? 0
const signed = (register: number): number => (register << 16) >> 16
const twoAt = (registers: Registers, place: number): number => at(registers, place) * 0x10000 + at(registers, place + 1)

function exponentAt(registers: Registers, place: number): number | undefined {
  const exponent = signed(at(registers, place))
  return Math.abs(exponent) <= MOST_EXPONENT ? exponent : undefined // 0x8000 is far outside
}

function scaledAt(registers: Registers, place: number, scale: number | undefined): number | undefined {
  const raw = at(registers, place)
  const exponent = scale === undefined ? 0 : exponentAt(registers, scale)
  if (raw === NO_INT16 || exponent === undefined) return undefined
  // Divided rather than multiplied by a fraction: 2301 × 10^-1 reads 230.1.
  return exponent < 0 ? signed(raw) / 10 ** -exponent : signed(raw) * 10 ** exponent
}

function floatAt(registers: Registers, place: number): number | undefined {
  const view = new DataView(new ArrayBuffer(4))
  view.setUint32(0, twoAt(registers, place))
  const value = view.getFloat32(0)
  return Number.isFinite(value) ? value : undefined
}

/** A counter in whole numbers that stands at 0 is one that the meter does not have. */
function energyAt(registers: Registers, place: number, { wattHourScale }: MeterLayout): EnergyRegister | undefined {
  if (wattHourScale === undefined) {
    const value = floatAt(registers, place)
    return value === undefined || value < 0 ? undefined : { wattHours: BigInt(Math.floor(value)) }
  }
  const raw = twoAt(registers, place)
  const exponent = exponentAt(registers, wattHourScale)
  return raw === 0 || exponent === undefined ? undefined : { raw, exponent }
}

/** Bit 31 stands for: has no events. */
function eventsAt(registers: Registers, place: number): MeterEvents | undefined {
  const bits = twoAt(registers, place)
  if (bits >= 0x80000000) return undefined
  const has = (bit: number): boolean => (bits & (1 << bit)) !== 0
  return {
    powerFailure: has(2),
    underVoltage: has(3),
    overCurrent: has(5),
    overVoltage: has(6),
    missingSensor: has(7),
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }
const defined = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
