// The trace in sentences, for people. What nobody would want to read as it happens gives no sentence.

import type { TraceEvent } from '../runtime/trace.ts'

const FIELD: Readonly<Record<string, string>> = {
  pickup: 'picks up',
  trip: 'trips',
  open: 'is open',
  close: 'is closed',
  reclose: 'recloses',
  lockout: 'locks out',
  'fuse blown': 'blows',
  stuck: 'was told to move and did not',
}

/** @returns nothing for what is told to programs only */
export function sentenceOf(event: TraceEvent): string {
  if (event.by === 'field') {
    const what = FIELD[event.event]
    return what === undefined ? '' : `${text(event, 'device')} ${what}`
  }
  return event.by === 'world' ? worldSentence(event) : agentSentence(event)
}

function worldSentence(event: TraceEvent): string {
  if (event.event === 'crashed') return `${text(event, 'ied')} is down`
  if (event.event === 'restarted') return `${text(event, 'ied')} starts again`
  if (event.event.endsWith('-ends')) return `>>> over: ${text(event, 'step')}`
  return event.words === undefined || event.event === 'end' ? '' : `>>> ${text(event, 'words')}`
}

function agentSentence(event: TraceEvent): string {
  const { by } = event
  switch (event.event) {
    case 'aggregator':
      return event.self === true ? `${by} aggregates, term ${text(event, 'term')}` : ''
    case 'warning-sent':
      return `${by} warns of a ${text(event, 'severity')} sag on ${text(event, 'section')}`
    case 'warned':
      return `${by} is warned by ${text(event, 'origin')} (${text(event, 'via')}): ${text(event, 'reaction')}`
    case 'all-clear-sent':
      return `${by} gives the all-clear for ${text(event, 'section')}`
    case 'operated':
      return `${by} did ${text(event, 'operation')} (${text(event, 'cause')})`
    case 'tripped':
      return `${by} announces that ${text(event, 'device')} has tripped`
    case 'told':
      return `${by} is told of ${text(event, 'device')}${event.holds === true ? ', its own fault element is picked up: holds as backup' : ''}`
    case 'outage-expected':
      return `${by} expects an outage below ${text(event, 'device')}`
    case 'position':
      return `${by} knows that ${text(event, 'device')} is ${text(event, 'position')}`
    case 'alarm':
      return `${by} ALARM ${['alarm', 'origin', 'device', 'ied', 'reason']
        .map(key => text(event, key))
        .filter(Boolean)
        .join(' ')}`
    case 'device-silent':
      return `${by}: its field device does not answer`
    case 'fallback':
      return `${by}: records for ${text(event, 'backEnd')} are stuck: ${text(event, 'kind')}`
    default:
      return ''
  }
}

const text = (event: TraceEvent, key: string): string => String(event[key] ?? '')
