// Inventory and maintenance as read-outs show them.

import type { AssetHistory } from '../aggregation/assets/asset-history.ts'
import { distanceM } from '../aggregation/assets/place.ts'

const iso = (utc: number | undefined): string | null => (utc === undefined ? null : new Date(utc).toISOString())

export function inventoryRow(ied: string, { facts, factsUtcMs, firstSeenUtcMs, lastSeenUtcMs }: AssetHistory) {
  const { registered, measured } = facts ?? {}
  const device = facts?.device ?? {}
  return {
    ied,
    organisation: facts?.organisation ?? null,
    kind: facts?.kind ?? null,
    operates: facts?.operates ?? null,
    feeder: facts?.feeder ?? null,
    node: facts?.node ?? null,
    program: facts?.program ?? null,
    serial: facts?.serial ?? null,
    model: [device.manufacturer, device.model].filter(each => each !== undefined).join(' ') || null,
    deviceSerial: device.serialNumber ?? null,
    firmware: device.firmware ?? null,
    peerId: facts?.peerId ?? null,
    registered: registered === undefined ? null : [...registered],
    registeredIn: facts?.registeredIn ?? null,
    measured: measured === undefined ? null : [...measured.place],
    measuredBy: measured?.source ?? null,
    distanceM: registered === undefined || measured === undefined ? null : round(distanceM(registered, measured.place)),
    place: facts?.verdict ?? 'unknown',
    accuracyClass: facts?.metering?.accuracyClass ?? null,
    multiplier: facts?.metering?.multiplier ?? null,
    meteringHash: facts?.meteringHash ?? null,
    factsUtc: iso(factsUtcMs),
    firstSeenUtc: iso(firstSeenUtcMs),
    lastSeenUtc: iso(lastSeenUtcMs),
  }
}

export function equipmentRow(ied: string, { facts, wear, position }: AssetHistory) {
  return {
    ied,
    equipment: facts?.operates ?? null,
    position: position ?? null,
    openings: wear.openings,
    closings: wear.closings,
    unknownCurrents: wear.unknownCurrents,
    largestAmps: round(wear.largestAmps),
    kiloAmpsSquared: round(wear.kiloAmpsSquared, 1000),
    contactWearPercent: wear.contactShare === undefined ? null : round(wear.contactShare * 100, 1000),
  }
}

export const maintenanceRows = (ied: string, { entries }: AssetHistory) =>
  entries.map(({ utcMs, ledgerId: _, number, what, by = null, words }) => ({
    utc: new Date(utcMs).toISOString(),
    ied,
    number,
    what,
    by,
    words,
  }))

const round = (value: number, per = 1): number => Math.round(value * per) / per
