export type SerialQueue = <T>(job: () => Promise<T>) => Promise<T>

/** Runs jobs one after the other, in the order given. A job that fails does not stop those after it. */
export function serialQueue(): SerialQueue {
  let last: Promise<unknown> = Promise.resolve()
  return job => {
    const result = last.then(job, job)
    last = result.catch(() => undefined)
    return result
  }
}
