#!/usr/bin/env bash
# Installs what the interop tests need beyond npm: Modbus software that this project did not write (pymodbus, mbpoll), and
# pairs of serial lines (socat). Does nothing where all of it is there already. Debian and its children only.
set -euo pipefail

complete() {
  /usr/bin/python3 -c 'import pymodbus.server, serial_asyncio' 2>/dev/null &&
    command -v mbpoll >/dev/null && command -v socat >/dev/null
}

if complete; then
  echo 'pymodbus, mbpoll and socat are installed already'
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
"${as_root[@]}" apt-get update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
  python3-pymodbus python3-serial-asyncio mbpoll socat

complete || { echo 'pymodbus, mbpoll or socat is still missing' >&2; exit 1; }
