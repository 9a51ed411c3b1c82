// Both ends of a question and its answer through a broker: a topic there and a topic back at MQTT quality of service 0, and
// NATS' own request and reply.

import { connect as connectNats } from '@nats-io/transport-node'
import { connectAsync, type MqttClient } from 'mqtt'
import type { Line } from './line.ts'

const QUESTION = 'bench/question'
const ANSWER = 'bench/answer'

/** A client of mosquitto whose socket does not wait to fill a segment: the comparison is with MQTT at its best. */
export async function mqttClient(port: number): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 })
  ;(client.stream as { setNoDelay?: (on: boolean) => void }).setNoDelay?.(true)
  return client
}

export async function mqttLine(port: number, payload: Uint8Array): Promise<Line> {
  const client = await mqttClient(port)
  let done: () => void = () => {}
  client.on('message', () => done())
  await client.subscribeAsync(ANSWER, { qos: 0 })
  const question = Buffer.from(payload)
  return {
    trip: () =>
      new Promise(resolve => {
        done = resolve
        client.publish(QUESTION, question, { qos: 0 })
      }),
  }
}

export async function answerMqtt(port: number): Promise<void> {
  const client = await mqttClient(port)
  client.on('message', (_topic, question) => void client.publish(ANSWER, question, { qos: 0 }))
  await client.subscribeAsync(QUESTION, { qos: 0 })
}

export async function natsLine(port: number, payload: Uint8Array): Promise<Line> {
  const client = await connectNats({ servers: `127.0.0.1:${port}`, reconnect: false })
  return { trip: async () => void (await client.request('bench.question', payload, { timeout: 2000 })) }
}

export async function answerNats(port: number): Promise<void> {
  const client = await connectNats({ servers: `127.0.0.1:${port}`, reconnect: false })
  client.subscribe('bench.question', { callback: (_error, question) => void question.respond(question.data) })
  await client.flush()
}
