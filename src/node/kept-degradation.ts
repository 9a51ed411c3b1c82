// The trends of days outlast a restart: kept in the agent's store at the end of each period. A kept value that this version
// does not know is as good as none.

import { z } from 'zod'
import { fromCbor, toCbor } from '../../topology/cbor.ts'
import type { Store } from '../aggregation/store.ts'
import { type DegradationCourse, degradationStates, noDegradation } from '../protection/degradation.ts'
import { degradationMeasures } from '../protection/degradation-measures.ts'

const KEY = 'degradation/course'
const finite = z.number()
const finding = z
  .object({
    measure: z.enum(degradationMeasures),
    level: finite,
    perPeriod: finite.optional(),
    state: z.enum(degradationStates),
    sinceUtcMs: finite,
  })
  .strict()
const kept = z.record(
  z.enum(degradationMeasures),
  z
    .object({ periods: z.array(finite).max(60), finding: finding.optional() })
    .strict()
    .optional(),
)

export function keptDegradation(store: Store) {
  return {
    async read(): Promise<DegradationCourse> {
      const bytes = await store.get(KEY)
      if (bytes === undefined) return noDegradation
      let data: z.infer<typeof kept> | undefined
      try {
        data = kept.safeParse(fromCbor(bytes)).data
      } catch {
        data = undefined
      }
      if (data === undefined) return noDegradation
      const courses = Object.fromEntries(
        Object.entries(data).flatMap(([measure, course]) =>
          course === undefined
            ? []
            : [
                [
                  measure,
                  {
                    slots: [],
                    latest: [],
                    periods: course.periods,
                    finding:
                      course.finding === undefined
                        ? undefined
                        : { ...course.finding, perPeriod: course.finding.perPeriod },
                  },
                ],
              ],
        ),
      )
      return { slot: 0, courses }
    },
    write({ courses }: DegradationCourse): Promise<void> {
      const value = Object.fromEntries(
        Object.entries(courses).map(([measure, { periods, finding: found }]) => [
          measure,
          {
            periods,
            ...(found === undefined
              ? {}
              : { finding: Object.fromEntries(Object.entries(found).filter(([, each]) => each !== undefined)) }),
          },
        ]),
      )
      return store.batch([{ put: KEY, value: toCbor(value) }], { durable: false })
    },
  }
}
