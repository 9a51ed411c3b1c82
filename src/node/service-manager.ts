// The service manager that started the agent, as systemd's sd_notify(3) has it: it hears when the agent is ready and
// stopping, and where its unit has `WatchdogSec=`, that the protection loop lives. Where nothing in the environment asks
// for that there is none.
//
// systemd's own library does the sending, by the optional module `koffi`. Where one of the two is missing the reason is
// said, and a unit of `Type=notify` would not come up: use `Type=exec` there.

export interface ServiceManager {
  /** The manager acts when it has heard nothing for so long; undefined when it does not watch. */
  readonly watchdogMs: number | undefined
  tell(what: 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1'): void
}

type Environment = Readonly<Record<string, string | undefined>>

/** @param onFailure why it cannot be told, once */
export async function serviceManager(
  environment: Environment,
  pid: number,
  onFailure: (reason: string) => void,
): Promise<ServiceManager | undefined> {
  if (!environment['NOTIFY_SOCKET']) return undefined
  try {
    const { load } = (await import('koffi')).default
    const notify = load('libsystemd.so.0').func('int sd_notify(int unset_environment, const char *state)')
    let isFailing = false
    return {
      watchdogMs: watchdogOf(environment, pid),
      tell(what) {
        const result = notify(0, what) as number
        if (result <= 0 && !isFailing) onFailure(`sd_notify(${what}) returned ${result}`)
        isFailing = result <= 0
      },
    }
  } catch (error) {
    onFailure((error as Error).message.split('\n')[0] ?? '')
    return undefined
  }
}

/** WATCHDOG_PID, where it is set, names the process that is watched: not a child of it that inherited the environment. */
function watchdogOf({ WATCHDOG_USEC: usec, WATCHDOG_PID: watched }: Environment, pid: number): number | undefined {
  if (usec === undefined || (watched !== undefined && Number(watched) !== pid)) return undefined
  const ms = Number(usec) / 1000
  return Number.isFinite(ms) && ms > 0 ? ms : undefined
}
