import { type Hal, HalError, type OperatingHal } from '../hal/port.ts'

/** @throws HalError HAL_UNSUPPORTED where there is no device, or the driver was built without a way to write */
export function operable(hal: Hal | undefined): OperatingHal {
  if (hal === undefined) throw new HalError('HAL_UNSUPPORTED', 'no field device')
  if (!canOperate(hal)) throw new HalError('HAL_UNSUPPORTED', 'this agent is read-only: its driver has no way to write')
  return hal
}

export const canOperate = (hal: Hal): hal is OperatingHal => hal.operate !== undefined
