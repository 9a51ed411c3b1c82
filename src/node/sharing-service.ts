// The shell of `sharing-desk.ts`: takes the file of the configuration at the start, and what people bring later, and shows
// who reads what.
//
// Anybody who is admitted may bring a policy: the owner's signature in it is what counts.

import { readerKey, readerWords, type SharingReader } from '../aggregation/sharing-document.ts'
import { grantsOf } from '../aggregation/sharing-policy.ts'
import type { Credential } from '../mesh/credential.ts'
import type { Links } from '../mesh/links.ts'
import { whoIs } from './command-authority.ts'
import type { Bus } from './component.ts'
import type { KeyDesk } from './key-desk.ts'
import { readText } from './read-text.ts'
import { SHARING_PROTOCOL, type Sharing } from './sharing-desk.ts'
import { decodeSharingQuestion, encodeOwnGrants, encodeSharingAnswer } from './sharing-protocol.ts'
import { isRegrant } from './signed-regrant.ts'

export function serveSharing(
  { links, bus }: { readonly links: Pick<Links, 'serve'>; readonly bus: Bus },
  sharing: Sharing,
  keys: Pick<KeyDesk, 'known'>,
  readout: (what: string, answer: () => Promise<unknown>) => void,
  utcNow: () => number,
): void {
  links.serve(SHARING_PROTOCOL, async (from: Credential, bytes) => {
    const question = decodeSharingQuestion(bytes)
    if ('policy' in question) return encodeSharingAnswer(await take(question.policy, whoIs(from)))
    const { organisation, department } = from
    const grants = grantsOf(sharing.policy(), { organisation, department })
    return encodeOwnGrants({
      grants: grants.map(({ classes, fromUtcMs, toUtcMs }) => ({
        classes: [...classes],
        ...(fromUtcMs === undefined ? {} : { fromUtcMs }),
        ...(toUtcMs === undefined ? {} : { toUtcMs }),
      })),
    })
  })

  async function take(jws: string, from: string): Promise<{ readonly version: number; readonly isKnown: boolean }> {
    if (!isRegrant(jws)) return sharing.take(jws, from)
    let taken: ReturnType<Sharing['take']> | undefined
    bus.emit('regrant-brought', {
      jws,
      from,
      answer: given => {
        taken = given
      },
    })
    if (taken === undefined) throw new Error('nothing is given on here, want a back-end peer that collects')
    return taken
  }
  const wayOf = (reader: SharingReader): string =>
    reader.within
      ? `within ${reader.organisation}'s`
      : sharing
          .backEnds()
          .filter(each => readerKey(each) === readerKey(reader))
          .map(({ backEnd }) => backEnd)
          .join(' ')
  /** Of the reader's own word on its key, the epoch. */
  const announcedOf = (reader: SharingReader): number | null => {
    const backEnds = sharing.backEnds().filter(each => readerKey(each) === readerKey(reader))
    const fits = keys
      .known()
      .filter(
        ({ announcement }) =>
          readerKey(announcement) === readerKey(reader) &&
          (announcement.backEnd === undefined || backEnds.some(({ backEnd }) => backEnd === announcement.backEnd)),
      )
    return fits.length === 0 ? null : Math.max(...fits.map(({ announcement }) => announcement.epoch))
  }
  readout('sharing', async () => {
    const { acceptedUtcMs, readers, ...shown } = sharing.shown()
    return {
      ...shown,
      ...(acceptedUtcMs === undefined ? {} : { acceptedUtc: new Date(acceptedUtcMs).toISOString() }),
      grants: readers.flatMap(reader => rowsOf(reader, wayOf(reader), announcedOf(reader), utcNow())),
    }
  })
}

/**
 * The file of the configuration. A refusal does not keep the agent from starting: it protects, whoever may read.
 *
 * @returns in one line why it does not count
 */
export async function takeSharingFile(file: string, sharing: Sharing): Promise<string | undefined> {
  try {
    await sharing.take(readText(file, 'sharing policy').trim(), file)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function rowsOf(reader: SharingReader, way: string, announced: number | null, utcNow: number) {
  const { organisation, department, why, sealingKey } = reader
  return reader.shares.map(({ classes, from, to, required = true }) => {
    const isOver = to !== undefined && utcNow >= Date.parse(to)
    const isAhead = from !== undefined && utcNow < Date.parse(from)
    return {
      reader: readerWords({ organisation, department }),
      organisation,
      department: department ?? null,
      backEnd: way,
      classes,
      from: from ?? null,
      to: to ?? null,
      state: isOver ? ('over' as const) : isAhead ? ('ahead' as const) : ('now' as const),
      required,
      ownKey: sealingKey !== undefined,
      announced,
      why: why ?? '',
    }
  })
}
