// Gossip topics. A topic only reduces traffic: the receiver's own live feeder decides what concerns it.

export const zoneTopic = (feeder: string, zone: string): string => `feedermesh/1/${feeder}/zone/${zone}`
export const stateTopic = (feeder: string): string => `feedermesh/1/${feeder}/state`
/** Of the whole feeder: everybody may look at its worst places, a back-end peer too. */
export const degradationTopic = (feeder: string): string => `feedermesh/1/${feeder}/degradation`
/** Of the whole feeder: utility and customers hear who lost supply, and who has it back. */
export const outageTopic = (feeder: string): string => `feedermesh/1/${feeder}/outage`
/** Of the whole feeder: customers of any supplier. */
export const suppliersTopic = (feeder: string): string => `feedermesh/1/${feeder}/suppliers`
export const groupTopic = (feeder: string, group: string): string => `feedermesh/1/${feeder}/group/${group}`
export const revocationTopic = (feeder: string): string => `feedermesh/1/${feeder}/revocations`
