// Whether a device is where it is registered.

export type Place = readonly [latitude: number, longitude: number]

export interface MeasuredPlace {
  readonly place: Place
  readonly accuracyM: number
}

/** `unknown`: nothing was measured, or nothing is registered, or the measurement is too coarse to say. */
export type PlaceVerdict = 'confirmed' | 'elsewhere' | 'unknown'

const EARTH_RADIUS_M = 6_371_008.8
const radians = (degrees: number): number => (degrees * Math.PI) / 180

/** Great circle, by the haversine formula: good for near points too. */
export function distanceM([latitude, longitude]: Place, [otherLatitude, otherLongitude]: Place): number {
  const dLat = radians(otherLatitude - latitude) / 2
  const dLon = radians(otherLongitude - longitude) / 2
  const h = Math.sin(dLat) ** 2 + Math.cos(radians(latitude)) * Math.cos(radians(otherLatitude)) * Math.sin(dLon) ** 2
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** Both ways only as far as the accuracy of the measurement carries. */
export function judgePlace(
  registered: Place | undefined,
  measured: MeasuredPlace | undefined,
  withinM: number,
): PlaceVerdict {
  if (registered === undefined || measured === undefined) return 'unknown'
  const distance = distanceM(registered, measured.place)
  if (distance + measured.accuracyM <= withinM) return 'confirmed'
  return distance - measured.accuracyM > withinM ? 'elsewhere' : 'unknown'
}
