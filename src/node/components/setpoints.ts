// The shell of formulas and setpoints: values of the field device go in, alerts and operations come out. The decisions are
// in src/protection/{formula,setpoint}.ts.

import { instant } from '../../../topology/units.ts'
import type { FormulaValue } from '../../protection/formula.ts'
import {
  type SetpointAction,
  type SetpointEvent,
  type SetpointState,
  setpoint,
  setpointStart,
} from '../../protection/setpoint.ts'
import { automaticOperationOf, automaticOperations, opposite } from '../automatic-operation.ts'
import type { Acted, Component, ComponentContext } from '../component.ts'
import { type Compiled, compileSections } from '../formula-config.ts'
import { type FormulaValues, formulaValues, isOfStatus } from '../formula-values.ts'
import { latches } from '../latches.ts'
import { NodeError } from '../node-error.ts'
import { outputLevel } from '../output-level.ts'

const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 10_000

export const setpointsComponent: Component = {
  name: 'setpoints',
  async start(context) {
    const { config, bus, readout } = context
    const compiled = compileSections(config, (path, message) => {
      throw new NodeError('BAD_INPUT', `${path.join('.')}: ${message}`)
    })
    if (compiled.formulas.length + compiled.setpoints.length === 0) return { stop: () => {} }
    const values = formulaValues(3 * (config.device?.energyPollMs ?? 0))
    const kept = latches(context.store, 'setpoints')
    const operations = automaticOperations(context)
    const watched = await Promise.all(compiled.setpoints.map(each => watch(context, each, kept, operations)))
    const present = (): ReadonlyMap<string, FormulaValue> => withFormulas(values, compiled)
    const usesStatus = compiled.setpoints.some(({ begins, ends }) => {
      const uses = [...begins.uses, ...(ends?.uses ?? [])]
      return uses.some(name => isOfStatus(name) || compiled.formulas.some(({ config: { name: its } }) => its === name))
    })
    const look = (): void => {
      const now = present()
      for (const each of watched) each.look(now)
    }
    const cancels = [
      bus.on('measurement', measurement => {
        values.measured(measurement)
        look()
      }),
      bus.on('status', status => {
        values.status(status)
        if (usesStatus) look()
      }),
      bus.on('device', ({ answering }) => {
        if (answering) return
        values.silent()
        look()
      }),
    ]
    readout('formulas', async () => {
      const now = present()
      return {
        formulas: [
          ...compiled.formulas.map(({ config: { name, is, unit } }) => ({
            kind: 'formula',
            name,
            is,
            value: now.get(name) ?? 'unknown',
            unit,
          })),
          ...watched.map(each => each.row(now)),
        ],
      }
    })
    return {
      async stop() {
        for (const cancel of cancels) cancel()
        for (const each of watched) await each.stop()
        await operations.stop()
        await kept.settled()
      },
    }
  },
}

/** Each formula by those before it. What is not known is not there. */
function withFormulas(values: FormulaValues, { formulas }: Compiled): ReadonlyMap<string, FormulaValue> {
  const all = values.now()
  for (const { config, formula } of formulas) {
    const value = formula.evaluate(all)
    if (value !== undefined) all.set(config.name, value)
  }
  return all
}

async function watch(
  context: ComponentContext,
  { config, begins, ends }: Compiled['setpoints'][number],
  kept: ReturnType<typeof latches>,
  operations: ReturnType<typeof automaticOperations>,
) {
  const { bus, clock, log } = context
  const { name, severity, drive } = config
  const where = `setpoints: ${name}: drive`
  const operation = typeof drive === 'string' ? automaticOperationOf(context, drive, where) : undefined
  const level =
    typeof drive === 'object'
      ? await outputLevel(context, { output: drive.output, setpoint: name, kept, where })
      : undefined
  const opens = operation?.operation === 'open' || operation?.operation === 'shed'
  const cause = `setpoint ${name}`
  const step = setpoint(config)
  const drove = `${name}/drove`
  let state: SetpointState = setpointStart(config.latches && (await kept.stands(name)))
  let hasDriven = operation !== undefined && (await kept.stands(drove))
  let lastWrite: Promise<void> = Promise.resolve()
  let answer: ((outcome: Promise<Acted>) => void) | undefined
  let retryMs = FIRST_RETRY_MS
  let cancelRetry = (): void => {}
  let stopped = false

  const truth = (value: FormulaValue | undefined): boolean | undefined =>
    typeof value === 'boolean' ? value : undefined

  function take(event: SetpointEvent): void {
    const next = step(state, event, clock.now())
    const was = state.phase
    state = next.state
    for (const action of next.actions) perform(action)
    // What is not known leaves the output as it is, also at the start.
    if (state.phase !== 'idle') level?.want(true)
    else if (was !== 'idle' || (event.kind === 'looked' && event.begins === false)) level?.want(false)
  }

  function perform(action: SetpointAction): void {
    switch (action.kind) {
      case 'begins':
        tell('begins')
        if (operation !== undefined) void driveOutput()
        return
      case 'ends':
        tell('ends')
        void driveBack()
        return
      case 'blind':
        context.report('setpoint', {
          name,
          id: 'sight',
          phase: action.stands ? 'begins' : 'ends',
          severity: 'warning',
          text: `${name}: ${action.stands ? 'not known for a minute' : 'known again'}: ${config.when}`,
        })
        return
      case 'latch':
        if (opens) bus.emit('lockout', { name, stands: action.stands })
        keep(name, action.stands)
        return
      case 'answer':
        answer?.(answered(action.done, `${name}: ${action.words}`))
    }
  }

  function keep(what: string, stands: boolean): void {
    lastWrite = kept.set(what, stands)
    lastWrite.catch(error => log.error('latch-not-kept', { name: what, reason: (error as Error).message }))
  }

  async function answered(done: boolean, words: string): Promise<Acted> {
    await lastWrite
    return done ? { result: 'done', words } : { result: 'refused', reason: 'interlock', words }
  }

  function tell(phase: 'begins' | 'ends'): void {
    if (severity === 'none') return
    context.report('setpoint', { name, phase, severity, text: config.text ?? `${name}: ${config.when}` })
  }

  async function driveOutput(): Promise<void> {
    if (operation === undefined) return
    const outcome = await operations.operate(operation, cause)
    if (state.phase !== 'idle' && (outcome === 'done' || outcome === 'was so')) operations.hold(operation, cause)
    // An opening that failed is tried again for as long as it stands; a closing is not: much may have changed by then.
    if (outcome === 'failed' && opens && !stopped) {
      cancelRetry()
      cancelRetry = clock.wakeAt(instant(clock.now() + retryMs), () => {
        if (state.phase !== 'idle') void driveOutput()
      })
      retryMs = Math.min(LAST_RETRY_MS, 2 * retryMs)
      return
    }
    retryMs = FIRST_RETRY_MS
    if (outcome !== 'done' || !config.driveBack) return
    hasDriven = true
    keep(drove, true)
  }

  async function driveBack(): Promise<void> {
    if (operation === undefined) return
    const isToBeDrivenBack = config.driveBack && hasDriven
    const isLeft = operations.letGo(operation, cause, isToBeDrivenBack)
    if (!isToBeDrivenBack) return
    const outcome = isLeft ? 'done' : await operations.operate(opposite(operation), `${cause} over`)
    if (outcome !== 'done' && outcome !== 'was so') return // it stays as it is, for a person: the report says why
    hasDriven = false
    keep(drove, false)
  }

  const cancels = [
    bus.on('reset', asked => {
      if (asked.name !== name || !config.latches) return
      answer = asked.answer
      take({ kind: 'reset' })
      answer = undefined
    }),
    bus.on('components-started', () => {
      if (state.phase !== 'idle' && config.latches && opens) bus.emit('lockout', { name, stands: true })
    }),
  ]
  if (state.phase === 'latched') {
    if (opens) bus.emit('lockout', { name, stands: true })
    tell('begins')
    level?.want(true)
  }

  return {
    look(values: ReadonlyMap<string, FormulaValue>): void {
      const isTrue = truth(begins.evaluate(values))
      const isOver = ends === undefined ? undefined : truth(ends.evaluate(values))
      const holds = ends === undefined ? isTrue : isOver === undefined ? undefined : !isOver
      take({ kind: 'looked', begins: isTrue, holds })
    },
    row: (values: ReadonlyMap<string, FormulaValue>) => ({
      kind: 'setpoint',
      name,
      is: config.when,
      value: begins.evaluate(values) ?? 'unknown',
      unit: '',
      state: state.phase,
      ...(drive === undefined ? {} : { drive: typeof drive === 'string' ? drive : `output ${drive.output}` }),
    }),
    async stop(): Promise<void> {
      stopped = true
      cancelRetry()
      for (const cancel of cancels) cancel()
      await level?.stop()
    },
  }
}
