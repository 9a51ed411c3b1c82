// A feeder whose instruments can be read: what is given (switching, loads, faults) is set, and a look solves it.
//
// Nothing is computed twice: one solution for each change that somebody looks at, one reading for each IED in it.
// Deterministic, without a clock. Limits, stated once: regulators stand at the file's taps, and generators feed only
// while a source reaches them.

import type { FeederFile, Phase } from '../../topology/feeder-file.ts'
import { magnitude, NONE, PHASES } from '../solver/complex.ts'
import { createSolver } from '../solver/solver.ts'
import type { Solution } from '../solver/solver-port.ts'
import { phasorsOf } from './angles.ts'
import { depressionOf } from './depression.ts'
import { givenState } from './given.ts'
import { type LiveTree, liveTrees } from './live-tree.ts'
import { NO_PASSAGE, observedSections, type Passage, passageOf } from './passage.ts'
import type { Plant, PlantSnapshot, Shown } from './plant-port.ts'
import { contactsOf, type Post, postsOf } from './posts.ts'
import { instrumentVolts, type Reading, readingOf, throughDevice } from './readings.ts'
import { DEAD_PU, sagElements } from './sags.ts'
import { deviceCurrent, shownBy } from './shown.ts'
import { waveformOf } from './waveform.ts'

export type { DevicePosition, Disturbance, Fault, Plant, PlantSnapshot, Shown } from './plant-port.ts'
export { sheddableLoads } from './posts.ts'

/** One solved state. What is read of it is kept, for the same is asked again. */
interface Solved {
  readonly solution: Solution
  readonly tree: LiveTree
  readonly passage: Passage
  readonly readings: Map<string, Reading>
  readonly shown: Map<string, Shown>
}

/** @throws RangeError from its methods, see `Plant` */
export function createPlant(file: FeederFile): Plant {
  const solver = createSolver(file)
  const treeFor = liveTrees(file)
  const observed = observedSections(file, solver.nominalVolts)
  const posts = postsOf(file, solver.nominalVolts)
  const sags = sagElements([...posts.values()])
  const devices = new Map(file.devices.map(device => [device.name, device]))
  const sections = new Map(file.sections.map(section => [section.name, section]))

  let revision = 0
  let now: Solved | undefined
  /** Before the last change of anything but the level of load. */
  let before: Solved | undefined
  let tree: LiveTree | undefined
  let undisturbed: Solution | undefined

  const given = givenState(file, change => {
    revision++
    // Changes that nobody looked at between are one change.
    if (change !== 'level') before = now ?? before ?? solveNow()
    if (change === 'contacts') tree = undefined
    if (change !== 'disturbance') undisturbed = undefined
    now = undefined
  })

  function solved(): Solved {
    now ??= solveNow()
    return now
  }

  function solveNow(): Solved {
    tree ??= treeFor(given.isOpen)
    undisturbed ??= solver.solve(given.undisturbed())
    const { solution, passage } = disturbedBy(tree, undisturbed)
    sags.update(post => instrumentVolts(post, solution))
    return { solution, tree, passage, readings: new Map(), shown: new Map() }
  }

  function disturbedBy(live: LiveTree, calm: Solution): { solution: Solution; passage: Passage } {
    const disturbances = given.disturbances()
    const faults = given.faultsAt()
    if (disturbances.length + faults.length === 0) return { solution: calm, passage: NO_PASSAGE }
    const { nominalVolts } = solver
    const depressed = depressionOf({ disturbances, before: calm, tree: live, endsOf, nominalVolts })
    const solution = solver.solve({ ...given.undisturbed(), faults, depressed })
    const input = { observed, tree: live, disturbances, faults, solution, before: calm }
    return { solution, passage: passageOf(input) }
  }

  function endsOf(section: string): { readonly from: string; readonly to: string } {
    const found = sections.get(section)
    if (found === undefined) throw new RangeError(`section ${section}: not in feeder ${file.name}`)
    return found
  }

  function postOf(ied: string): Post {
    const post = posts.get(ied)
    if (post === undefined) throw new RangeError(`IED ${ied}: not in feeder ${file.name}`)
    return post
  }

  function read(post: Post, state: Solved): Reading {
    const known = state.readings.get(post.ied.name)
    if (known !== undefined) return known
    const reading = readingOf(post, state)
    // A load scale of 0 stops all energy, that of losses and charging too.
    const counted = given.scale() === 0 ? { ...reading, power: NONE } : reading
    state.readings.set(post.ied.name, counted)
    return counted
  }

  function show(post: Post, state: Solved): Shown {
    return shownBy({
      post,
      reading: read(post, state),
      passage: state.passage,
      contacts: contactsOf(post, given),
      hasSag: sags.has(post.ied.name),
      frequencyHz: file.frequencyHz,
    })
  }

  function snapshot(): PlantSnapshot {
    const { solution } = solved()
    const pu = (node: string, has: readonly Phase[]): number[] =>
      solution
        .volts(node)
        .flatMap((v, i) => (has.includes(PHASES[i] ?? 'a') ? [magnitude(v) / solver.nominalVolts(node)] : []))
    const nodes = file.nodes.map(({ name, phases }) => ({ name, pu: pu(name, phases) }))
    const live = nodes.filter(({ name }) => solution.isEnergised(name))
    return {
      positions: Object.fromEntries(file.devices.map(d => [d.name, given.isOpen(d.name) ? 'open' : 'closed'])),
      deadNodes: nodes.filter(node => Math.max(...node.pu) < DEAD_PU).map(({ name }) => name),
      shed: [...given.shed],
      disconnected: [...given.disconnected],
      disturbances: given.disturbances(),
      faults: given.faults(),
      voltsPu: Object.fromEntries(live.map(node => [node.name, Math.min(...node.pu)])),
      converged: solution.converged,
    }
  }

  return {
    file,
    get revision() {
      return revision
    },
    ...given.setters,
    position: device => (given.isOpen(deviceOf(device).name) ? 'open' : 'closed'),
    solve: () => void solved(),
    shows(ied) {
      const post = postOf(ied)
      const state = solved()
      const shown = state.shown.get(ied) ?? show(post, state)
      state.shown.set(ied, shown)
      return shown
    },
    phasors(ied) {
      const post = postOf(ied)
      return phasorsOf(post.has, read(post, solved()))
    },
    waveform(ied, request) {
      const post = postOf(ied)
      const after = read(post, solved())
      return waveformOf(post.has, file.frequencyHz, { before: before ? read(post, before) : after, after }, request)
    },
    through: device => deviceCurrent(throughDevice(deviceOf(device), solved()).amps),
    snapshot,
  }

  function deviceOf(name: string) {
    const device = devices.get(name)
    if (device === undefined) throw new RangeError(`device ${name}: not in feeder ${file.name}`)
    return device
  }
}
