// libp2p formats its own log lines whether anybody reads them or not. What concerns an agent's owner is logged by the
// agent as events with fields, so this one takes nothing in.

import type { ComponentLogger, Logger } from '@libp2p/interface'

const quiet: Logger = Object.assign(() => {}, {
  error: () => {},
  trace: () => {},
  enabled: false,
  newScope: (): Logger => quiet,
})

export const quietLogger = (): ComponentLogger => ({ forComponent: () => quiet })
