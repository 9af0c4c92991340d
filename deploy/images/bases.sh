#!/usr/bin/env bash
# Prints which images to build on and to test with: `eval "$(deploy/images/bases.sh)"`.
# What BASE_IMAGE, KAFKA_IMAGE, POSTGRES_IMAGE and PROMETHEUS_IMAGE name already is kept; else the public images, where they can be
# pulled; else local ones, made without an image registry (local/build.sh).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
"$here/../engine.sh" up

declare -A public=([BASE_IMAGE]=python:3.13-slim [KAFKA_IMAGE]=apache/kafka:4.2.0 [POSTGRES_IMAGE]=postgres:15
  [PROMETHEUS_IMAGE]=prom/prometheus:v3.5.0)
declare -A local=([BASE_IMAGE]=local/python:3.11-slim [KAFKA_IMAGE]=local/kafka:4.2.0 [POSTGRES_IMAGE]=local/postgres:15
  [PROMETHEUS_IMAGE]=local/prometheus:latest)

at_hand() { docker image inspect "$1" >/dev/null 2>&1 || timeout "${KAIWA_PULL_TIMEOUT:-300}" docker pull --quiet "$1" >/dev/null 2>&1; }

made=0
for name in BASE_IMAGE KAFKA_IMAGE POSTGRES_IMAGE PROMETHEUS_IMAGE; do
  image=${!name:-}
  if [ -z "$image" ]; then
    image=${public[$name]}
    if [ $made = 1 ] || ! at_hand "$image"; then
      [ $made = 1 ] || "$here/local/build.sh"
      made=1 image=${local[$name]}
    fi
  fi
  echo "export $name=$image"
done
