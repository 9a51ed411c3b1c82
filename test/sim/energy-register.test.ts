import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { energyRegister } from '../../sim/devices/energy-register.ts'

const HOUR = 3_600_000_000_000n

describe('an energy register', () => {
  it('counts a watt-hour when it is full, and not a nanosecond earlier', () => {
    const register = energyRegister()
    register.add(1, HOUR / 1000n - 1n)
    expect(register.read()).toEqual({ importWh: 0n, exportWh: 0n })
    register.add(1, 1n)
    expect(register.read()).toEqual({ importWh: 1n, exportWh: 0n })
  })

  it('counts what comes back apart', () => {
    const register = energyRegister()
    register.add(2, HOUR)
    register.add(-3, HOUR)
    expect(register.read()).toEqual({ importWh: 2000n, exportWh: 3000n })
  })

  it('loses nothing, however the hour is cut up', () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: 1n, max: HOUR - 1n }), { maxLength: 50 }),
        fc.integer({ min: 1, max: 10_000 }),
        (cuts, kw) => {
          const register = energyRegister()
          let last = 0n
          for (const cut of [...cuts.sort((p, q) => (p < q ? -1 : 1)), HOUR]) {
            register.add(kw, cut - last)
            last = cut
          }
          expect(register.read().importWh).toBe(BigInt(kw) * 1000n)
        },
      ),
    )
  })
})
