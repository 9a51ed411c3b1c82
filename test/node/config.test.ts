import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { roles } from '../../src/mesh/credential.ts'
import { parseAgentConfig, readAgentConfig } from '../../src/node/config.ts'
import { exampleConfig } from '../../src/node/example-config.ts'
import { NodeError } from '../../src/node/node-error.ts'
import { computedMs } from '../stalls.ts'

const lines = exampleConfig.split('\n')
const lineOf = (start: string): number => lines.findIndex(line => line.trimStart().startsWith(start)) + 1

/** The complaints about the example with one line replaced; the line number stands for `LINE`. */
function complaints(key: string, instead: string): string[] {
  const at = lineOf(key)
  const indent = /^[\s-]*/.exec(lines[at - 1] ?? '')?.[0] ?? ''
  const said = complaint(lines.with(at - 1, indent + instead).join('\n'))
  return said.split('\n').map(line => line.replace(`agent.yaml:${at}:`, 'agent.yaml:LINE:'))
}

/** What is said of this text, which must be refused as bad input. */
function complaint(text: string): string {
  try {
    parseAgentConfig(text, 'agent.yaml')
  } catch (error) {
    expect(error).toBeInstanceOf(NodeError)
    expect(error).toMatchObject({ code: 'BAD_INPUT' })
    return (error as NodeError).message
  }
  throw new Error('it was accepted')
}

const MULTIADDRESS = 'want a multiaddress such as /ip4/10.0.0.5/tcp/4001, with a port of 65535 at most'
const faults = [
  {
    it: 'an address that is no multiaddress',
    key: 'listen:',
    instead: 'listen: [10.0.0.5:4001]',
    says: `listen[0]: "10.0.0.5:4001" — ${MULTIADDRESS}`,
  },
  {
    it: 'an address without a port',
    key: 'seeds:',
    instead: 'seeds: [/ip4/10.0.0.5]',
    says: `seeds[0]: "/ip4/10.0.0.5" — ${MULTIADDRESS}`,
  },
  {
    it: 'an address with a port above 65535',
    key: 'seeds:',
    instead: 'seeds: [/ip4/10.0.0.5/tcp/65536]',
    says: `seeds[0]: "/ip4/10.0.0.5/tcp/65536" — ${MULTIADDRESS}`,
  },
  {
    it: 'the second of two addresses',
    key: 'seeds:',
    instead: 'seeds: [/ip4/10.0.0.5/tcp/65535, x]',
    says: `seeds[1]: "x" — ${MULTIADDRESS}`,
  },
  { it: 'a port above 65535', key: 'port:', instead: 'port: 65536', says: 'device.port: 65536 — want at most 65535' },
  { it: 'port 0 of a field device', key: 'port:', instead: 'port: 0', says: 'device.port: 0 — want at least 1' },
  {
    it: 'a port in words',
    key: 'port:',
    instead: 'port: modbus',
    says: 'device.port: "modbus" — is text, want a number',
  },
  {
    it: 'a reaction that there is not',
    key: 'severe:',
    instead: 'severe: drop',
    says: 'reactions.severe: "drop" — want one of shed, open, none',
  },
  {
    it: 'a role that there is not',
    key: 'roles:',
    instead: 'roles: [IED, KING]',
    says: `authorities[0].roles[1]: "KING" — want one of ${roles.join(', ')}`,
  },
  {
    it: 'a key in another form',
    key: 'publicKey:',
    instead: 'publicKey: abc',
    says: 'authorities[0].publicKey: "abc" — want the Ed25519 public key in base64url, 43 characters',
  },
  {
    it: 'a name with a space',
    key: 'name:',
    instead: 'name: my recloser',
    says: 'name: "my recloser" — want a name of letters, digits, "_", "." or "-"',
  },
  {
    it: 'an interval of 0 s',
    key: 'intervalSeconds: 60',
    instead: 'intervalSeconds: 0',
    says: 'readings.intervalSeconds: 0 — want at least 1',
  },
  {
    it: 'a fitness of 13',
    key: 'fitness:',
    instead: 'fitness: 13',
    says: 'aggregation.fitness: 13 — want at most 12',
  },
  {
    it: 'a component that is neither a name nor a module',
    key: 'mdns:',
    instead: 'components: [7]',
    says: "components[0]: 7 — want a component's name, or { use: NAME or PATH, settings: … }",
  },
  {
    it: 'an empty list of components',
    key: 'mdns:',
    instead: 'components: []',
    says: 'components: want at least 1 entries',
  },
  {
    it: 'a device key that it does not know',
    key: 'unitId:',
    instead: 'unitID: 1',
    says: 'device.unitID: no such key here, want it left out or spelt right',
  },
  {
    it: 'a key at the top that it does not know',
    key: 'mdns:',
    instead: 'mnds: true',
    says: 'mnds: no such key here, want it left out or spelt right',
  },
]

describe('the secrets of a configuration', () => {
  const with_ = (section: string): string => exampleConfig.replace('  keyFile: store.key', section)
  const cases = [
    { it: 'one of three', section: '  passphraseFile: phrase', says: undefined },
    { it: 'the name of a variable', section: '  passphraseEnv: STORE_PHRASE', says: undefined },
    { it: 'none', section: '  allowKeyInDataDir: true', says: /want one of keyFile, passphraseFile, passphraseEnv/ },
    { it: 'two', section: '  keyFile: a\n  passphraseFile: b', says: /want one of keyFile, passphraseFile/ },
    { it: 'no name of a variable', section: '  passphraseEnv: 2 words', says: /name of an environment variable/ },
  ]
  for (const { it: are, section, says } of cases) {
    it(`are ${are}`, () => {
      const read = () => parseAgentConfig(with_(section), 'ied.yaml')
      if (says === undefined) expect(read).not.toThrow()
      else expect(read).toThrow(says)
    })
  }
})

describe('a configuration', () => {
  it('reads the example that the program prints', () => {
    const config = parseAgentConfig(exampleConfig, 'agent.yaml')
    expect(config).toMatchObject({ name: 'recloser-675', role: 'IED', device: { port: 502, unitId: 1 } })
  })

  it('fills in what the example sets to its default', () => {
    const least = ['name', 'feeder', 'dataDir', 'credential'].map(key => lines[lineOf(`${key}:`) - 1])
    const authority = lines.slice(lineOf('authorities:') - 1, lineOf('authorities:') + 4)
    const { device: _, listen, recipients: __, ...config } = parseAgentConfig([...least, ...authority].join('\n'), 'a')
    const {
      device: ___,
      listen: ____,
      recipients: _____,
      store: ______,
      ...example
    } = parseAgentConfig(exampleConfig, 'a')
    expect(config).toEqual(example)
    expect(listen).toEqual(['/ip4/0.0.0.0/tcp/0'])
  })

  for (const { it: of, key, instead, says } of faults) {
    it(`complains of ${of}, with its line`, () => {
      expect(complaints(key, instead)).toEqual([`agent.yaml:LINE: ${says}`])
    })
  }

  it('names each required key that is missing', () => {
    const top = lineOf('name:')
    for (const key of ['feeder', 'dataDir', 'credential']) {
      expect(complaints(`${key}:`, '')).toEqual([`agent.yaml:${top}: ${key}: is missing, want text`])
    }
    expect(complaints('name:', '')).toEqual([`agent.yaml:${lineOf('role:')}: name: is missing, want text`])
  })

  it('lists all faults at once', () => {
    const text = exampleConfig.replace('port: 502', 'port: 0').replace('fitness: 6', 'fitness: -1')
    const [port, fitness] = [lineOf('port:'), lineOf('fitness:')]
    expect(complaint(text)).toBe(
      `agent.yaml:${port}: device.port: 0 — want at least 1\n` +
        `agent.yaml:${fitness}: aggregation.fitness: -1 — want at least 0`,
    )
  })

  const notYaml = [
    {
      it: 'a bracket that is not closed',
      key: 'mdns:',
      instead: 'mdns: [true',
      says: 'Flow sequence in block collection must be sufficiently indented and end with a ]',
    },
    { it: 'a key given twice', key: 'mdns:', instead: 'name: other', says: 'Map keys must be unique' },
    {
      it: 'a tab as indentation',
      key: 'mdns:',
      instead: 'mdns:\n\ttrue: 1',
      says: 'Tabs are not allowed as indentation',
    },
  ]
  for (const { it: of, key, instead, says } of notYaml) {
    it(`is not YAML with ${of}, and says where`, () => {
      const found = complaints(key, instead)
      const [, line, said] = /^agent\.yaml:(LINE|\d+): (.*)$/.exec(found[0] ?? '') ?? []
      expect({ said, more: found.slice(1) }).toEqual({ said: says, more: [] })
      if (line !== 'LINE') expect(Number(line)).toBeGreaterThan(lineOf(key)) // where the parser gave up
    })
  }

  it('is not a bomb of aliases, and takes no time to say so', () => {
    const levels = Array.from({ length: 20 }, (_, n) => `l${n + 1}: &l${n + 1} [*l${n}, *l${n}, *l${n}, *l${n}]`)
    const began = computedMs()
    const said = complaint(['l0: &l0 [x, x]', ...levels].join('\n'))
    expect(said).toMatch(/^agent\.yaml:1: cannot be read as YAML: Excessive alias count/)
    expect(computedMs() - began).toBeLessThan(2000)
  })

  const notKeys = [
    { text: '', says: 'is empty' },
    { text: '- a list', says: 'is a list' },
    { text: 'text', says: '"text" — is text' },
    { text: '7', says: '7 — is a number' },
  ]
  for (const { text, says } of notKeys) {
    it(`is not ${JSON.stringify(text)}`, () => {
      expect(complaint(text)).toBe(`agent.yaml:1: file: ${says}, want keys and values`)
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

  it('has its secrets beside itself, not beside the store', () => {
    inDirectory(`${exampleConfig}\nkey: { passphraseFile: phrase }`, (at, file) => {
      const { store, key } = readAgentConfig(file)
      expect([store?.keyFile, key?.passphraseFile]).toEqual([join(at, 'store.key'), join(at, 'phrase')])
    })
  })

  it('is named when it is not there', () => {
    expect(() => readAgentConfig('/nowhere/agent.yaml')).toThrow(
      /^\/nowhere\/agent\.yaml: can't read this configuration: /,
    )
  })
})
