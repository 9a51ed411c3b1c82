// Reports of agents in sentences, for people.

import type { Report } from '../../src/node/component.ts'
import type { Story } from './story.ts'
import type { View } from './view.ts'

/** What people should read as it happens; programs get every report. */
export function narrate(view: View, story: Story, ied: string, report: Report): void {
  const { event, atMs: at, ...fields } = report
  view.say(event, sentence(story, ied, report), { ied, reportedAtMs: at, ...fields })
}

function sentence(story: Story, ied: string, report: Report): string {
  const text = (key: string): string => String(report[key] ?? '')
  switch (report.event) {
    case 'started':
      return `${ied} is up (ledger at ${text('ledger')})`
    case 'aggregator':
      return report.self === true ? `${ied} aggregates, term ${text('term')}` : ''
    case 'warning-sent':
      return `${ied} warns of a ${text('severity')} sag on ${text('section')} (${text('directly')} neighbours at once)`
    case 'warned': {
      const warning = story.warnings.find(({ id }) => id === report.id)
      const after = Number(report.atMs) - (warning?.detectedAtMs ?? Number.NaN)
      return `${ied} is warned${Number.isNaN(after) ? '' : ` after ${after.toFixed(1)} ms`} by ${text('via')}: ${text('reaction')}`
    }
    case 'operated':
      return `${ied} did ${text('operation')} (${text('cause')})`
    case 'tripped':
      return `${ied}: ${text('device')} has tripped; tells up and down the feeder`
    case 'told':
      return `${ied} is told of ${text('device')}${report.holds === true ? ', its own fault element is picked up: holds as backup' : ': holds'}`
    case 'interlock-trip':
      return `${ied} trips ${text('device')}: all below have answered that they do not see the fault`
    case 'relay-state':
      return report.state === 'breaker-failed' ? `${ied}: ${text('device')} has not opened` : ''
    case 'restored':
      return `${ied} has closed ${text('device')} in ${text('ms')} ms (${text('travelMs')} of device travel) and feeds ${[report.feeds].flat().join(', ')}`
    case 'host-told':
      return `${ied} has told its ${text('name')} of the ${text('what')}`
    case 'outage-expected':
      return `${ied} expects an outage below ${text('device')}`
    case 'position':
      return `${ied}: ${text('device')} is ${text('position')}`
    case 'alarm':
      return `${ied} ALARM ${text('alarm')} ${['origin', 'device', 'reason'].map(text).filter(Boolean).join(' ')}`
    case 'device-silent':
      return `${ied}: field device does not answer: ${text('reason')}`
    case 'fallback':
      return `${ied}: records for ${text('backEnd')} are stuck: ${text('kind')}`
    default:
      return ''
  }
}
