// The command line without a process of its own: what it complains of, its help, and its schemas.

import { describe, expect, it } from 'vitest'
import { parseAgentConfig } from '../../src/node/config.ts'
import { commandLine } from '../system/cli-in-process.ts'

describe('the command line', () => {
  const wrong = [
    { args: ['perrs'], says: /^error: unknown command 'perrs' \(Did you mean peers\?\)/ },
    { args: ['agent', '--conf', 'x'], says: /^error: unknown option '--conf' \(Did you mean --config\?\)/ },
    { args: ['peers'], says: /^error: required option '--at <address>' not specified/ },
    {
      args: ['readings', '--at', 'x', '--json', '--csv'],
      says: /^error: option '--csv' cannot be used with .*'--json'/,
    },
    { args: ['up', 'x.yaml', '--processes', '0'], says: /^error: .*want 1 to 64, or "each"/ },
    { args: ['up', 'x.yaml', '--for', 'ever'], says: /^error: .*want a time such as 60s, 2m or 1h/ },
    {
      args: ['schema', 'nonsense'],
      says: /^error: .*'nonsense'.*Allowed choices are feeder, device-map, tariff, sharing-policy, regrant, agent/,
    },
    {
      args: ['command', 'tie', 'note', 'oiled', '--sealed', '--as', '/no.yaml'],
      says: /^--sealed: note can't be sealed: its record shows the order .*; want it without --sealed, and what is conf/,
    },
    { args: ['command', 'tie', 'open', '--lead'], says: /^--lead goes with "command IED return-to-normal"/ },
    // What stands behind a sub-command is its own, though the command above has an option of that name.
    {
      args: [
        'usage',
        'edit',
        '--ied',
        'm',
        '--start',
        '2026-07-01T00:00:00Z',
        '--import-kwh',
        '1',
        '--why',
        'w',
        '--as',
        '/no.yaml',
      ],
      says: /^\/no.yaml: /,
    },
    { args: ['maintenance', 'add', '--ied', 'm', '--text', 't', '--as', '/no.yaml'], says: /^\/no.yaml: / },
    { args: ['authority', 'init', 'u'], says: /^error: required option '--out <path>' not specified/ },
    {
      args: ['authority', 'show', '--authority', '/nowhere'],
      says: /^\/nowhere: not an authority's key: .*"authority init"\n$/,
    },
  ]
  for (const { args, says } of wrong) {
    it(`complains of: ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await commandLine(args)
      expect({ code, stdout, lines: stderr.split('\n').length }, stderr).toEqual({ code: 2, stdout: '', lines: 2 })
      expect(stderr).toMatch(says)
      expect(stderr).not.toMatch(/\n\s+at |Error:/)
    })
  }

  const commands = ['', 'up', 'agent', 'authority', 'authority init', 'authority show', 'authority issue', 'peers']
  for (const command of [...commands, 'alarms', 'readings', 'history', 'totals', 'ledger', 'store rekey', 'schema']) {
    it(`has help that fits a screen: ${command || 'feedermesh'}`, async () => {
      const { code, stdout, stderr } = await commandLine([...command.split(' ').filter(Boolean), '--help'])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/^Usage: feedermesh/)
      expect(stdout.split('\n').length).toBeLessThan(80)
      for (const line of stdout.split('\n').filter(text => !text.startsWith('  feedermesh ')))
        expect(line.length, line).toBeLessThanOrEqual(120)
    })
  }

  it('prints an example that is a configuration', async () => {
    const { code, stdout, stderr } = await commandLine(['agent', '--example'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(parseAgentConfig(stdout, 'example')).toMatchObject({ role: 'IED', device: { driver: 'modbus-tcp' } })
  })

  for (const name of [
    'feeder',
    'device-map',
    'agent',
    'peers',
    'alarms',
    'readings',
    'history',
    'totals',
    'ledger',
    'up',
  ]) {
    it(`prints the JSON Schema: ${name}`, async () => {
      const { code, stdout, stderr } = await commandLine(['schema', name])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(stdout)).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' })
    })
  }
})
