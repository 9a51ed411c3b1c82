import { describe, expect, it } from 'vitest'
import { feederFileSchema } from '../../topology/feeder-file.ts'
import { feederJsonSchema } from '../../topology/json-schema.ts'

describe('feederJsonSchema', () => {
  it('describes the file as it is written: what has a default is not required', () => {
    const schema = feederJsonSchema()
    expect(schema.required).toEqual(['feedermesh', 'name', 'nominalKv', 'frequencyHz', 'sources', 'nodes', 'sections'])
    expect(schema.additionalProperties).toBe(false)
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema)
  })

  it('says what keys mean, for editors to show', () => {
    const { $defs, properties } = feederJsonSchema() as { $defs?: object; properties: Record<string, object> }
    expect($defs).toBeUndefined()
    expect(properties.transformers).toHaveProperty(
      ['items', 'description'],
      expect.stringContaining("The primary is at the section's `from`."),
    )
    expect(properties.loads).toHaveProperty(
      ['items', 'properties', 'kw', 'description'],
      expect.stringContaining('wye or delta'),
    )
    expect(properties.devices).toHaveProperty(
      ['items', 'properties', 'relay', 'description'],
      'Overcurrent relay of the device (breaker or recloser).',
    )
  })

  it('has every key of the file, and in each list entry only the keys there are', () => {
    const properties = feederJsonSchema().properties as Record<string, { type?: string; items?: object }>
    expect(Object.keys(properties)).toEqual(Object.keys(feederFileSchema.shape))
    for (const { type, items } of Object.values(properties)) {
      if (type === 'array') expect(items).toMatchObject({ type: 'object', additionalProperties: false })
    }
  })
})
