// Watt-hour counters that lose nothing in rounding: power in whole milliwatts times whole nanoseconds, added up exactly.

export interface EnergyRegisters {
  /** Delivered to the customer, whole Wh; only grows. */
  readonly importWh: bigint
  readonly exportWh: bigint
}

export interface EnergyRegister {
  /** @param elapsedNs not negative; @param kw over that whole time, positive to the customer */
  add(kw: number, elapsedNs: bigint): void
  read(): EnergyRegisters
}

const PER_WH = 1_000n * 3_600n * 1_000_000_000n

/** @param from what the counters show at first */
export function energyRegister(from: EnergyRegisters = { importWh: 0n, exportWh: 0n }): EnergyRegister {
  let imported = from.importWh * PER_WH
  let exported = from.exportWh * PER_WH
  return {
    add(kw, elapsedNs) {
      const energy = BigInt(Math.round(kw * 1e6)) * elapsedNs
      if (energy >= 0n) imported += energy
      else exported -= energy
    },
    read: () => ({ importWh: imported / PER_WH, exportWh: exported / PER_WH }),
  }
}
