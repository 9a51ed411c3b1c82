// One question, one answer, on a stream of its own. The answer's first byte says whether it is one (0) or a refusal (1)
// with its reason in UTF-8. Question and answer are bounded before they are kept.

import type { Connection, Stream } from '@libp2p/interface'
import { encode } from 'it-length-prefixed'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString as text } from 'uint8arrays/to-string'
import { sendPaced } from './answer-stream.ts'
import type { BulkPace } from './bulk-pace.ts'
import { framed, MAX_FRAME } from './frames.ts'
import { MeshError } from './mesh-error.ts'
import { printable } from './refusal.ts'

const ANSWERED = 0
const REFUSED = 1
/** Larger questions and answers go in pieces. */
const SMALL = 4096

async function write(stream: Stream, frame: Uint8Array, pace: BulkPace, signal: AbortSignal): Promise<void> {
  const whole = encode.single(frame)
  if (frame.length > SMALL) await sendPaced(stream, pace, signal)([whole])
  else if (!stream.send(whole)) await stream.onDrain({ signal })
}

export async function ask(
  connection: Connection,
  protocol: string,
  question: Uint8Array,
  signal: AbortSignal,
  pace: BulkPace,
): Promise<Uint8Array> {
  let stream: Stream | undefined
  try {
    stream = await connection.newStream(protocol, { signal, runOnLimitedConnection: true })
    const frames = framed(stream)
    await write(stream, question, pace, signal)
    const answer = (await frames.read({ signal })).subarray()
    await stream.close({ signal })
    if (answer[0] === ANSWERED) return answer.subarray(1)
    throw new MeshError('MESH_REFUSED', printable(text(answer.subarray(1))))
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
  pace: BulkPace,
  maxQuestion = MAX_FRAME,
  timeoutMs = 10_000,
): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const frames = framed(stream, maxQuestion)
    const question = (await frames.read({ signal })).subarray()
    await write(stream, await answerOf(handler, question), pace, signal)
    await stream.close({ signal })
  } catch (error) {
    stream.abort(error as Error)
  }
}

async function answerOf(handler: (question: Uint8Array) => Promise<Uint8Array>, question: Uint8Array) {
  try {
    return concat([Uint8Array.of(ANSWERED), await handler(question)])
  } catch (error) {
    return concat([Uint8Array.of(REFUSED), fromString((error as Error).message.slice(0, 500))])
  }
}
