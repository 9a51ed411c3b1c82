import { describe, expect, it } from 'vitest'
import { feederJsonSchema } from '../../topology/json-schema.ts'

describe('feederJsonSchema', () => {
  it('describes the file as it is written: what has a default is not required', () => {
    const schema = feederJsonSchema()
    expect(schema.required).toEqual(['feedermesh', 'name', 'nominalKv', 'frequencyHz', 'sources', 'nodes', 'sections'])
    expect(schema.additionalProperties).toBe(false)
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
  })
})
