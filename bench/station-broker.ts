// Subscribers of a broker, each with a connection of its own, and the publisher.

import { connect as connectNats, type NatsConnection } from '@nats-io/transport-node'
import type { MqttClient } from 'mqtt'
import { mqttClient } from './line-broker.ts'
import { type Noted, numbered, numberOf, type Station, type StationPlan } from './station.ts'

const TOPIC = 'bench'

export async function mqttStation({ brokerPort, bytes }: StationPlan, noted: Noted): Promise<Station> {
  let head: MqttClient | undefined
  return {
    contacts: [],
    async connect(some) {
      for (const index of some) {
        const client = await mqttClient(brokerPort)
        if (index === 0) {
          head = client
          continue
        }
        client.on('message', (_topic, message) => noted.arrived(index, numberOf(message)))
        await client.subscribeAsync(TOPIC, { qos: 0 })
      }
    },
    send: message => void head?.publish(TOPIC, numbered(message, bytes), { qos: 0 }),
  }
}

export async function natsStation({ brokerPort, bytes }: StationPlan, noted: Noted): Promise<Station> {
  let head: NatsConnection | undefined
  return {
    contacts: [],
    async connect(some) {
      for (const index of some) {
        const client = await connectNats({ servers: `127.0.0.1:${brokerPort}`, reconnect: false })
        if (index === 0) {
          head = client
          continue
        }
        client.subscribe(TOPIC, { callback: (_error, { data }) => noted.arrived(index, numberOf(data)) })
        await client.flush()
      }
    },
    send: message => void head?.publish(TOPIC, numbered(message, bytes)),
  }
}
