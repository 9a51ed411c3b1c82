export {
  type DeviceMap,
  DeviceMapError,
  type DeviceMapErrorCode,
  deviceMapJsonSchema,
  deviceMapSchema,
  parseDeviceMap,
} from './device-map.ts'
export { type MemoryHal, type MemoryHalOptions, memoryHal } from './memory-hal.ts'
export { type ModbusHalOptions, modbusHal } from './modbus-hal.ts'
export * from './port.ts'
