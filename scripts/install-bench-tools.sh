#!/usr/bin/env bash
# Installs what the bench compares the mesh with: the MQTT broker mosquitto and nats-server, of Debian's own packages.
# Neither is started as a service: the bench runs its own, on loopback. Debian and its children only.
set -euo pipefail

installed() {
  [ -x "$(PATH="$PATH:/usr/sbin" command -v mosquitto || true)" ] &&
    [ -x "$(PATH="$PATH:/usr/sbin" command -v nats-server || true)" ]
}

if installed; then
  echo 'mosquitto and nats-server are installed already'
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
"${as_root[@]}" apt-get update
# Their packages start a service when they are installed, which nobody needs here.
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends mosquitto nats-server
for service in mosquitto nats-server; do
  if command -v systemctl >/dev/null; then "${as_root[@]}" systemctl disable --now "$service" 2>/dev/null || true; fi
done

installed || { echo 'mosquitto or nats-server still cannot be run' >&2; exit 1; }
