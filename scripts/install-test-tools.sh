#!/usr/bin/env bash
# Installs what the interop tests need beyond npm: a Modbus TCP server that this project did not write.
# Does nothing where /usr/bin/python3 can import it already. Debian and its children only.
set -euo pipefail

importable() {
  /usr/bin/python3 -c 'import pymodbus.server, serial_asyncio' 2>/dev/null
}

if importable; then
  echo 'pymodbus is installed already'
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
"${as_root[@]}" apt-get update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
  python3-pymodbus python3-serial-asyncio

importable || { echo 'pymodbus is still not importable by /usr/bin/python3' >&2; exit 1; }
