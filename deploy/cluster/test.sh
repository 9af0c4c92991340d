#!/usr/bin/env bash
# `make cluster-test`: the chart on a real cluster, installed, tested, upgraded under load and rolled back.
# Where no cluster can be had it says SKIPPED and why, and that is a failure with KAIWA_CI_STRICT=1.
#
#   KAIWA_PREVIOUS   the version to upgrade from, a commit or a tag (the one in the file `previous`)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
uv=${1:-uv}
previous=${KAIWA_PREVIOUS:-$(cat "$here/previous")}
services=(ingest dispatcher compliance)
export KAIWA_CLUSTER=${KAIWA_CLUSTER:-$(mktemp -d)/node}

skipped() {
  echo "SKIPPED make cluster-test: $(tail -n 1 <<<"$1")"
  [ "${KAIWA_CI_STRICT:-0}" != 1 ] || exit 1
  exit 0
}
step() { echo "== $* ($(date +%T))"; }

said=$("$root/deploy/engine.sh" up 2>&1) || skipped "$said"
helm=$("$root/deploy/helm/tools.sh" helm) || skipped "helm cannot be had: see above"
git -C "$root" rev-parse --quiet --verify "$previous^{commit}" >/dev/null ||
  skipped "the previous version ($previous) is not in this clone: fetch it, or name another in KAIWA_PREVIOUS"

step "images of this tree, and of $previous"
"$root/deploy/images/build.sh"
earlier=$(mktemp -d)
git -C "$root" archive "$previous" | tar -x -C "$earlier"
KAIWA_SOURCE=$earlier KAIWA_TAG=previous KAIWA_REVISION=$previous "$root/deploy/images/build.sh" "${services[@]}" tools
export KAIWA_PREVIOUS_CHART=$earlier/deploy/helm/kaiwa
bases=$("$root/deploy/images/bases.sh")
eval "$bases"

step "a cluster"
trap '"$here/cluster.sh" down; rm -rf "$earlier"' EXIT
said=$("$here/cluster.sh" up 2>&1) || skipped "$said"
eval "$(grep '^export ' <<<"$said")"
export PATH=$helm:$PATH
kubectl version 2>/dev/null | tail -1

step "images into the cluster"
current=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/pyproject.toml" | head -1)
names=("kaiwa/simulator:$current" "$KAFKA_IMAGE" "$POSTGRES_IMAGE")
for service in "${services[@]}"; do names+=("kaiwa/$service:$current" "kaiwa/$service:previous"); done
"$here/cluster.sh" load "${names[@]}"

step "tests"
cd "$root"
KAIWA_TAG=$current "$uv" run --frozen pytest -p no:randomly -x -v -s --durations=0 --durations-min=1 tests/cluster
