// Units travel with numbers: a brand inside the program, a suffix (`pickupAmps`) in files and on the wire.

declare const unit: unique symbol
type Quantity<U extends string> = number & { readonly [unit]: U }

/** Time since some fixed moment of this machine's monotonic clock, in ms. Never sent to a peer. */
export type Instant = Quantity<'ms since start'>
/** What timers are given, in ms. */
export type Duration = Quantity<'ms'>
/** Milliseconds since 1970 in UTC. For records and billing intervals, never for durations. */
export type UtcMs = Quantity<'utc ms'>

export const instant = (ms: number): Instant => ms as Instant
export const duration = (ms: number): Duration => ms as Duration
export const utcMs = (ms: number): UtcMs => ms as UtcMs

export const after = (from: Instant, delay: Duration): Instant => (from + delay) as Instant
export const since = (from: Instant, now: Instant): Duration => (now - from) as Duration
