// A row of phasors in columns that fit on a screen.

type Row = Record<string, unknown>

export function phasorColumns({ volts, amps, ...row }: Row): Row {
  const { utc, ied, quality, positiveVolts, negativePercent, zeroPercent, angleDegrees, frequencyHz, ...rest } = row
  return {
    utc,
    ied,
    quality,
    ...magnitudes('V', volts),
    ...magnitudes('A', amps),
    positiveVolts,
    negativePercent,
    zeroPercent,
    angleDegrees,
    frequencyHz,
    ...rest,
  }
}

function magnitudes(unit: string, phases: unknown): Row {
  const of = phases as Partial<Record<'a' | 'b' | 'c', { readonly magnitude: number }>>
  return Object.fromEntries((['a', 'b', 'c'] as const).map(phase => [`${unit}${phase}`, of[phase]?.magnitude ?? null]))
}
