#!/usr/bin/env bash
# Installs what the interop tests need beyond npm: Modbus software that this project did not write (pymodbus, mbpoll), and
# pairs of serial lines (socat), and PostgreSQL. Does nothing where all of it is there already. Debian and its children only.
set -euo pipefail

complete() {
  /usr/bin/python3 -c 'import pymodbus.server, serial_asyncio' 2>/dev/null &&
    command -v mbpoll >/dev/null && command -v socat >/dev/null &&
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

if complete; then
  echo 'pymodbus, mbpoll, socat and PostgreSQL are installed already'
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
"${as_root[@]}" apt-get update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
  python3-pymodbus python3-serial-asyncio mbpoll socat postgresql

complete || { echo 'pymodbus, mbpoll, socat or PostgreSQL is still missing' >&2; exit 1; }
