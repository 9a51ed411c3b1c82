import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAgentConfig, readAgentConfig } from '../../src/node/config.ts'
import { exampleConfig } from '../../src/node/example-config.ts'
import { NodeError } from '../../src/node/node-error.ts'

const lines = exampleConfig.split('\n')
const lineOf = (start: string): number => lines.findIndex(line => line.trimStart().startsWith(start)) + 1

/** The complaints about the example with one line replaced; the line number stands for `LINE`. */
function complaints(key: string, instead: string): string[] {
  const at = lineOf(key)
  const indent = /^[\s-]*/.exec(lines[at - 1] ?? '')?.[0] ?? ''
  const text = lines.with(at - 1, indent + instead).join('\n')
  try {
    parseAgentConfig(text, 'agent.yaml')
  } catch (error) {
    expect(error).toBeInstanceOf(NodeError)
    expect(error).toMatchObject({ code: 'BAD_INPUT' })
    return (error as NodeError).message.split('\n').map(line => line.replace(`agent.yaml:${at}:`, 'agent.yaml:LINE:'))
  }
  return []
}

const MULTIADDRESS = 'want a multiaddress such as /ip4/10.0.0.5/tcp/4001'
const faults = [
  {
    it: 'an address that is no multiaddress',
    key: 'listen:',
    instead: 'listen: [10.0.0.5:4001]',
    says: `listen.0: "10.0.0.5:4001", ${MULTIADDRESS}`,
  },
  {
    it: 'an address without a port',
    key: 'seeds:',
    instead: 'seeds: [/ip4/10.0.0.5]',
    says: `seeds.0: "/ip4/10.0.0.5", ${MULTIADDRESS}`,
  },
  {
    it: 'the second of two addresses',
    key: 'seeds:',
    instead: 'seeds: [/ip4/10.0.0.5/tcp/1, x]',
    says: `seeds.1: "x", ${MULTIADDRESS}`,
  },
  { it: 'a port above 65535', key: 'port:', instead: 'port: 65536', says: /^device\.port: 65536, .*<=\s?65535/ },
  { it: 'port 0 of a field device', key: 'port:', instead: 'port: 0', says: /^device\.port: 0, .*>=\s?1/ },
  { it: 'a port in words', key: 'port:', instead: 'port: modbus', says: /^device\.port: "modbus", .*number/ },
  {
    it: 'a reaction that there is not',
    key: 'severe:',
    instead: 'severe: drop',
    says: /^reactions\.severe: "drop", .*"shed"\|"open"\|"none"/,
  },
  {
    it: 'a role that there is not',
    key: 'roles:',
    instead: 'roles: [IED, KING]',
    says: /^authorities\.0\.roles\.1: "KING", .*"IED"/,
  },
  {
    it: 'a key in another form',
    key: 'publicKey:',
    instead: 'publicKey: abc',
    says: 'authorities.0.publicKey: "abc", want the Ed25519 public key in base64url, 43 characters',
  },
  {
    it: 'a name with a space',
    key: 'name:',
    instead: 'name: my recloser',
    says: 'name: "my recloser", want a name of letters, digits, "_", "." or "-"',
  },
  {
    it: 'an interval of 0 s',
    key: 'intervalSeconds: 60',
    instead: 'intervalSeconds: 0',
    says: /^readings\.intervalSeconds: 0, .*>=\s?1/,
  },
  { it: 'a fitness of 13', key: 'fitness:', instead: 'fitness: 13', says: /^aggregation\.fitness: 13, .*<=\s?12/ },
]

describe('a configuration', () => {
  it('reads the example that the program prints', () => {
    const config = parseAgentConfig(exampleConfig, 'agent.yaml')
    expect(config).toMatchObject({ name: 'recloser-675', role: 'IED', device: { port: 502, unitId: 1 } })
  })

  it('fills in what the example sets to its default', () => {
    const least = ['name', 'feeder', 'dataDir', 'credential'].map(key => lines[lineOf(`${key}:`) - 1])
    const authority = lines.slice(lineOf('authorities:') - 1, lineOf('authorities:') + 4)
    const { device: _, listen, recipients: __, ...config } = parseAgentConfig([...least, ...authority].join('\n'), 'a')
    const { device: ___, listen: ____, recipients: _____, ...example } = parseAgentConfig(exampleConfig, 'a')
    expect(config).toEqual(example)
    expect(listen).toEqual(['/ip4/0.0.0.0/tcp/0'])
  })

  for (const { it: of, key, instead, says } of faults) {
    it(`complains of ${of}, with its line`, () => {
      const found = complaints(key, instead)
      expect(found).toHaveLength(1)
      const [place, said] = [found[0]?.slice(0, 17), found[0]?.slice(17)]
      expect(place).toBe('agent.yaml:LINE: ')
      if (typeof says === 'string') expect(said).toBe(says)
      else expect(said).toMatch(says)
    })
  }

  it('names each required key that is missing', () => {
    for (const key of ['name', 'feeder', 'dataDir', 'credential']) {
      expect(complaints(`${key}:`, '').join('\n')).toMatch(new RegExp(`^agent\\.yaml:\\d+: ${key}: .*string`))
    }
  })

  it('names a key that it does not know, where it stands', () => {
    expect(complaints('port:', 'prot: 502').join('\n')).toMatch(/^agent\.yaml:\d+: device: .*prot/)
    expect(complaints('mdns:', 'mnds: true').join('\n')).toMatch(/^agent\.yaml:\d+: .*mnds/)
  })

  it('lists all faults at once', () => {
    const text = exampleConfig.replace('port: 502', 'port: 0').replace('fitness: 6', 'fitness: -1')
    expect(() => parseAgentConfig(text, 'a')).toThrow(/device\.port: 0.*\n.*aggregation\.fitness: -1/)
  })

  const notYaml = [
    { it: 'a bracket that is not closed', key: 'mdns:', instead: 'mdns: [true' },
    { it: 'a key given twice', key: 'mdns:', instead: 'name: other' },
    { it: 'a tab as indentation', key: 'mdns:', instead: 'mdns:\n\ttrue: 1' },
  ]
  for (const { it: of, key, instead } of notYaml) {
    it(`is not YAML with ${of}, and says where`, () => {
      const found = complaints(key, instead).join('\n')
      expect(found).toMatch(/^agent\.yaml:(LINE|\d+): not YAML: /)
      const said = /:(\d+):/.exec(found)
      if (said) expect(Number(said[1])).toBeGreaterThanOrEqual(lineOf(key)) // where the parser gave up
    })
  }

  for (const text of ['', '- a list', 'text', '7']) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(() => parseAgentConfig(text, 'agent.yaml')).toThrow(/^agent\.yaml:1: \(top\): .*object/)
    })
  }
})

describe('a configuration file', () => {
  const inDirectory = (text: string, use: (directory: string, file: string) => void): void => {
    const directory = mkdtempSync(join(tmpdir(), 'feedermesh-config-'))
    try {
      writeFileSync(join(directory, 'agent.yaml'), text)
      use(directory, join(directory, 'agent.yaml'))
    } finally {
      rmSync(directory, { recursive: true })
    }
  }

  it('has its relative paths resolved against its own place, and absolute ones kept', () => {
    const components = 'components: [alarms, { use: ./own.js, settings: { at: ./x } }, { use: some-package }]\n'
    inDirectory(exampleConfig.replace('feeder: ieee13.yaml', 'feeder: /etc/ieee13.yaml') + components, (at, file) => {
      expect(readAgentConfig(file)).toMatchObject({
        feeder: '/etc/ieee13.yaml',
        dataDir: join(at, 'data'),
        credential: join(at, 'credential.jwt'),
        device: { map: join(at, 'device-map.yaml') },
        components: ['alarms', { use: join(at, 'own.js'), settings: { at: './x' } }, { use: 'some-package' }],
      })
    })
  })

  it('is named when it is not there', () => {
    expect(() => readAgentConfig('/nowhere/agent.yaml')).toThrow(
      /^\/nowhere\/agent\.yaml: can't read this configuration: /,
    )
  })
})
