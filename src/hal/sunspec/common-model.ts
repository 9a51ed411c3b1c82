// SunSpec's model 1: who the device is.

import type { DeviceIdentity } from '../port.ts'

export const COMMON = 1
/** Maker 16, model 16, options 8, version 8, serial number 16 registers. */
export const COMMON_REGISTERS = 64

/** @param registers of the model, after id and length */
export function decodeCommon(registers: readonly number[]): DeviceIdentity {
  const texts = {
    manufacturer: textIn(registers.slice(0, 16)),
    model: textIn(registers.slice(16, 32)),
    firmware: textIn(registers.slice(40, 48)),
    serialNumber: textIn(registers.slice(48, 64)),
  }
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''))
}

/** Up to the first NUL, and nothing that moves a cursor. */
function textIn(registers: readonly number[]): string {
  const bytes = Uint8Array.from(registers.flatMap(register => [register >> 8, register & 0xff]))
  const end = bytes.indexOf(0)
  const text = new TextDecoder().decode(end === -1 ? bytes : bytes.subarray(0, end))
  return text.replace(/[\p{Cc}\p{Cf}\ufffd]/gu, ' ').trim()
}
