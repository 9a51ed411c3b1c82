// What `feedermesh topology … --json` prints, as schemas: part of `outputs.ts`.

import { z } from 'zod'

const name = z.string()
const names = z.array(name)
const whole = z.number().int().nonnegative()
const position = z.enum(['open', 'closed', 'unknown'])
const answer = z.enum(['yes', 'no', 'unknown'])

export const topologyOutputs = {
  'topology-check': z.object({
    file: z.string(),
    name,
    format: z.enum(['feedermesh', 'opendss']),
    buses: whole,
    lines: whole,
    switchesClosed: whole,
    switchesOpen: whole,
    transformers: whole,
    capacitors: whole,
    loads: whole,
    loadKw: z.number(),
    radial: z.boolean(),
    depth: whole,
    deepestBus: name,
    customers: whole,
    devices: z.array(z.object({ kind: z.string(), closed: whole, open: whole })),
    zones: whole,
    ieds: whole,
    notes: z.array(z.object({ file: z.string(), line: whole, text: z.string() })),
    warnings: z.array(z.string()),
    /** What of relays, fuses and ties contradicts what. */
    settings: z.array(
      z.object({
        severity: z.enum(['warning', 'note']),
        kind: z.enum([
          'grading',
          'pickup under load',
          'pickup under cold load',
          'blind',
          'tie without capacity',
          'high-set too low',
          'high-set too high',
          'high-set missing',
          'high-set impossible',
          'not judged',
        ]),
        devices: names,
        /** `normal`, or what differs from it. */
        state: z.string(),
        text: z.string(),
      }),
    ),
    placed: z.object({ devices: names, ieds: names, toCheck: z.array(z.string()) }).optional(),
  }),
  'topology-show': z.object({
    name,
    rows: z.array(
      z.object({
        depth: whole,
        node: name,
        via: z.object({ section: name, devices: z.array(z.object({ name, position })) }).optional(),
        tie: z.boolean(),
        energised: answer,
        ieds: names,
        loads: names,
        loadKw: z.number(),
        customers: whole,
      }),
    ),
  }),
  'topology-zones': z.object({
    name,
    zones: z.array(
      z.object({
        zone: name,
        energised: answer,
        boundary: z.array(z.object({ device: name, position })),
        nodes: names,
        sections: names,
        ieds: names,
        loads: names,
        loadKw: z.number(),
        customers: whole,
        neighbours: names,
        ties: z.array(z.object({ section: name, devices: names, node: name, certain: z.boolean() })),
      }),
    ),
  }),
  'topology-downstream': z.object({
    name,
    kind: z.enum(['section', 'device']),
    buses: whole,
    loads: whole,
    loadKw: z.number(),
    customers: whole,
    ieds: names,
    busNames: names,
    sectionNames: names,
    loadNames: names,
    generatorNames: names,
  }),
} as const
