// The feeder file's schema for editors and for other programs.

import { z } from 'zod'
import { feederFileSchema } from './feeder-file.ts'

/** JSON Schema (draft 2020-12) of a feeder file as it is written: keys with a default may be left out. */
export function feederJsonSchema(): Record<string, unknown> {
  return { title: 'feedermesh feeder file', ...z.toJSONSchema(feederFileSchema, { io: 'input' }) }
}
