// How a load varies over a day: share of its peak at each full hour of a working day, straight lines between. Made up to
// look like a residential feeder (low before dawn, shoulder in the morning, peak at 18:00); it is not from a measurement.

const HOURLY = [
  0.55, 0.5, 0.47, 0.46, 0.48, 0.55, 0.68, 0.8, 0.82, 0.78, 0.76, 0.76, 0.78, 0.77, 0.76, 0.78, 0.84, 0.94, 1, 0.99,
  0.95, 0.87, 0.75, 0.63,
]

/** Share of the load's value in the feeder file; 1 at 18:00. Any number of seconds: days repeat. */
export function loadShare(secondsOfDay: number): number {
  const hours = (((secondsOfDay / 3600) % 24) + 24) % 24
  const hour = Math.floor(hours)
  const from = HOURLY[hour] ?? 1
  const to = HOURLY[(hour + 1) % 24] ?? 1
  return from + (to - from) * (hours - hour)
}
