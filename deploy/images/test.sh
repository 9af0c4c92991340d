#!/usr/bin/env bash
# `make containers`: builds the images, tests what ships, and runs a part of the integration tests on containers.
# Where no Docker engine can be had it says SKIPPED and why, and that is a failure with KAIWA_CI_STRICT=1.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
uv=${1:-uv}
if ! said=$("$here/../engine.sh" up 2>&1); then
  echo "SKIPPED make containers: $(tail -n 1 <<<"$said")"
  [ "${KAIWA_CI_STRICT:-0}" != 1 ] || exit 1
  exit 0
fi
if ! chosen=$("$here/bases.sh"); then
  echo "SKIPPED make containers: there are no images to build on, and none can be made (deploy/images/bases.sh says why)"
  [ "${KAIWA_CI_STRICT:-0}" != 1 ] || exit 1
  exit 0
fi
eval "$chosen"
"$here/build.sh"
cd "$here/../.."
exec "$uv" run --frozen pytest --stack=containers tests/containers tests/integration/bus tests/integration/store \
  tests/integration/dispatcher/test_once.py tests/integration/dispatcher/test_rules.py \
  tests/integration/ingest/test_promises.py tests/integration/ingest/test_kafka_away.py tests/e2e/test_main_job.py
