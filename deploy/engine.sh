#!/usr/bin/env bash
# A Docker engine to work with: the one that answers, or one of our own, installed (Debian and Ubuntu, as root) and
# started where there is none.
#
#   engine.sh up      code 0 when an engine answers; 3 with the reason when none can be had
#   engine.sh down    stops the engine that `up` started, and no other
#   engine.sh client  the docker command that can build: one with BuildKit inside, or with buildx beside it
set -euo pipefail
state=${XDG_STATE_HOME:-$HOME/.local/state}/kaiwa/engine

say() { echo "engine: $*" >&2; }
answers() { timeout 10 docker info >/dev/null 2>&1; }

client() {
  local each
  for each in $(type -ap docker); do
    # Clients from 23 on leave building to buildx; before that it was in them.
    if "$each" buildx version >/dev/null 2>&1 || [ "$("$each" --version | grep -oE '[0-9]+' | head -1)" -lt 23 ]; then
      echo "$each"
      return
    fi
  done
  say "no docker client can build with BuildKit: install buildx"
  exit 3
}

up() {
  answers && return
  if ! command -v dockerd >/dev/null; then
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { say "no Docker engine answers, and only root on Debian or Ubuntu could install one"; exit 3; }
    say "installing docker.io"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends docker.io docker-compose iptables debootstrap; } >/dev/null 2>&1 ||
      { say "apt-get could not install docker.io: try it by hand to see why"; exit 3; }
  fi
  [ "$(id -u)" = 0 ] || { say "no Docker engine answers, and only root could start one"; exit 3; }
  mkdir -p "$state"
  nohup dockerd >"$state/log" 2>&1 </dev/null &
  echo $! >"$state/pid"
  for _ in $(seq 120); do
    answers && { say "started dockerd ($(cat "$state/pid"))"; return; }
    kill -0 "$(cat "$state/pid")" 2>/dev/null || break
    sleep 0.5
  done
  say "dockerd did not start: $(tail -1 "$state/log")"
  down
  exit 3
}

down() {
  [ -f "$state/pid" ] || return 0
  local pid
  pid=$(cat "$state/pid")
  rm "$state/pid"
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || return 0
  kill "$pid"
  for _ in $(seq 100); do [ -d "/proc/$pid" ] || { say "stopped dockerd ($pid)"; return; }; sleep 0.2; done
}

case ${1:-} in
  up | down | client) "$1" ;;
  *) say "say up, down or client"; exit 2 ;;
esac
