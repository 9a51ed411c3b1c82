/** What `feedermesh agent --example` prints. A test reads it with the agent's own schema. */
export const exampleConfig = `# Configuration of one feedermesh agent. Paths are relative to this file.

# The IED's name in the feeder file. Its credential must be for this name.
name: recloser-675
role: IED                       # IED, or BACKEND for a back-end peer

feeder: ieee13.yaml             # the same file on every agent of the feeder
dataDir: data                   # key, ledger and stores; keep it on a disk that syncs
store:                          # what is stored in dataDir is sealed with a key that lies elsewhere
  keyFile: store.key            # made at the first start; or passphraseFile: FILE, or passphraseEnv: NAME
# key: { passphraseFile: FILE } # encrypts the agent's own key file
credential: credential.jwt      # signed by your authority for this agent's peer id

# Whose credentials count here, for which roles (and feeders). "protection: true" obeys that organisation's warnings and
# trips; a list of message types, such as [tripped], obeys these alone.
authorities:
  - organisation: utility
    publicKey: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo   # feedermesh authority show
    roles: [IED, BACKEND, VIEWER, OPERATOR, SECAUD]   # nobody of another role gets in
    protection: true
    # feeders: [ieee13]         # all when absent

# The credential is renewed by writing a new one to its file; from so many days before its end there is an alarm each day.
renewal: { alarmDays: 14, checkSeconds: 5 }
# revocations: revocations.jwt  # what "authority revoke" wrote, brought by hand; over the mesh they come by themselves

# Where others reach this agent. Port 0 takes a free one.
listen: [/ip4/0.0.0.0/tcp/4001]
# announce: [/ip4/203.0.113.7/tcp/4001]   # when a NAT lies in between
seeds: []                       # addresses of peers or back ends, where mDNS does not reach
mdns: true                      # find peers on the same LAN
announcements: all              # own: of no other peer, for meters at the end of a slow link; see docs/architecture.md
relay: use                      # serve: pass on between peers that can't reach each other; use: be reached so; none
otherPeers: 16                  # connections looked for beyond neighbours, seeds and back ends

# Links to the neighbours on the feeder: UDP datagrams, and streams where UDP does not get through.
protection:
  datagrams: true
  # port: 4001                  # UDP; by default that of TCP
  beatMs: 250                   # how often each neighbour is heard
  silenceMs: 750                # without an echo for so long a way is not used, and a neighbour counts as silent
  dscp: true                    # mark datagrams for routers (Expedited Forwarding)

# The field device, and the map that says which register holds what: a file, or shipped:NAME (feedermesh device-maps).
# On a serial line: driver modbus-rtu, with path, baudRate, parity, stopBits.
device:
  driver: modbus-tcp
  host: 192.0.2.17
  port: 502
  unitId: 1
  map: device-map.yaml
  timeoutMs: 500
  statusPollMs: 20              # pickup, trip, position, sag: decided in the device's own relay
  valuesPollMs: 1000            # volts, amps, kW
  energyPollMs: 60000           # registers of energy; the end of each interval reads them as well
  rarePollMs: 3600000           # what hardly changes, and who the device says it is
  readOnly: false               # true builds the driver without a write path

# Who is fed while the protection loop runs on time: the service manager (WatchdogSec= of the unit) by itself, and an
# output of the device that changes at each feeding.
watchdog: { everyMs: 1000, latenessMs: 250 }   # output: watchdog

# What this IED does when it is warned: shed, open, or none.
reactions:
  severe: none
  catastrophic: none
# By severity and kind, several loads, attached computers: see docs/protection.md, Early warning.
# earlyWarning: { rules: [{ kinds: [trip, interruption], do: [shed, hosts], upTo: 4 }], minOffSeconds: 2 }
# hosts: [{ name: database, command: [/usr/local/bin/pause-database], timeoutSeconds: 10 }]
# Of a generator: see docs/protection.md, Transfer trip, islands and coming back.
# transferTrip: { onTrip: leave, onChannelLost: alarm }
# generatorProtection: { category: II }
# enterService: { seconds: 300, rampSeconds: 300 }

readings:
  intervalSeconds: 60           # one reading a minute, aligned on UTC
  maxKw: 20000                  # more than this cannot flow here: a register that says so was exchanged

forwarding:
  intervalSeconds: 10           # how often the aggregator collects
  # classes:                    # else: tamper, event and status at once, all others with the next round
  #   billing: { mode: scheduled, everySeconds: 900 }     # or at: ['06:00', '18:00'], UTC
  #   waveform: { mode: polled }                          # when somebody orders send-data
  #   reliability: { mode: realTime }

# Who gets the records, and which classes of them.
recipients:
  - backEnd: utility-backend
    organisation: utility
    classes: [billing, powerQuality, operation, event, tamper]   # and audit, for who audits

aggregation:
  fitness: 6                    # 0 to 12: how well this device can serve as aggregator
  hierarchy: auto               # on, off; auto: an aggregator of the feeder above the groups' with more than 30 IEDs

# Whose orders are carried out, beside those of the own organisation's people; and what two people have to sign.
commands:
  from: []                      # - { organisation: utility, names: [utility-backend], verbs: [send-data, set] }
  twoPerson: []                 # [close, de-energise]

# Who is told of which alerts; see docs/alerts.md, which also has peripherals, formulas and setpoints.
# alerts: { routes: [{ to: ada, severities: [alert, alarm], repeatSeconds: 300 }] }
# peripherals: [{ name: winding, input: temperatureC, warnAt: 110, tripAt: 130, action: disconnect }]
# setpoints: [{ name: over-voltage, when: Va > 550, delayMs: 100, severity: alarm }]

# When loads go off and generators run, for prices and demand; see docs/protection.md.
# loadManagement: { timeZone: Europe/Berlin, limits: [{ from: "06:00", perKwh: "0.80" }, { from: "18:00", perKwh: "0.60" }] }
# generationManagement: { goal: minimise cost, generators: [{ name: CHP, fuelPerKwh: "0.20" }] }

# components: [alarms, audit, peers, positions, early-warning, trip-coordination, interval-readings, roll-up, commands,
#   field-device]
log: info                       # debug, info, warn, error, silent; JSON lines on standard error
`
