// One question, one answer, on a stream of its own. The answer's first byte says whether it is one (0) or a refusal (1)
// with its reason in UTF-8. Question and answer are bounded before they are kept.

import type { Connection, Stream } from '@libp2p/interface'
import { framed } from './frames.ts'
import { MeshError } from './mesh-error.ts'
import { printable } from './refusal.ts'

const ANSWERED = 0

export async function ask(
  connection: Connection,
  protocol: string,
  question: Uint8Array,
  signal: AbortSignal,
): Promise<Uint8Array> {
  let stream: Stream | undefined
  try {
    stream = await connection.newStream(protocol, { signal, runOnLimitedConnection: true })
    const frames = framed(stream)
    await frames.write(question, { signal })
    const answer = (await frames.read({ signal })).subarray()
    await stream.close({ signal })
    if (answer[0] === ANSWERED) return answer.subarray(1)
    throw new MeshError('MESH_REFUSED', printable(new TextDecoder().decode(answer.subarray(1))))
  } catch (cause) {
    stream?.abort(cause as Error)
    if (cause instanceof MeshError) throw cause
    throw new MeshError('MESH_UNREACHABLE', `${protocol}: ${(cause as Error).message}`, { cause })
  }
}

/** Never throws: whatever the peer sends, or the handler throws, ends in an answer or an aborted stream. */
export async function answer(
  stream: Stream,
  handler: (question: Uint8Array) => Promise<Uint8Array>,
  timeoutMs = 10_000,
): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const frames = framed(stream)
    const question = (await frames.read({ signal })).subarray()
    await frames.write(await answerOf(handler, question), { signal })
    await stream.close({ signal })
  } catch (error) {
    stream.abort(error as Error)
  }
}

async function answerOf(handler: (question: Uint8Array) => Promise<Uint8Array>, question: Uint8Array) {
  try {
    const bytes = await handler(question)
    const whole = new Uint8Array(bytes.length + 1)
    whole.set(bytes, 1)
    return whole
  } catch (error) {
    const reason = new TextEncoder().encode((error as Error).message.slice(0, 500))
    const whole = new Uint8Array(reason.length + 1).fill(1, 0, 1)
    whole.set(reason, 1)
    return whole
  }
}
