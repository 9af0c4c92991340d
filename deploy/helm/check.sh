#!/usr/bin/env bash
# check.sh UV: all that is asked of the chart. Where its tools cannot be had it says SKIPPED and why, and that is a
# failure with KAIWA_CI_STRICT=1.
set -euo pipefail
cd "$(dirname "$0")/../.."
uv=$1

if ! said=$(deploy/helm/tools.sh helm helm-unittest helm-docs kubeconform 2>&1); then
  echo "SKIPPED make chart: $(tail -n 1 <<<"$said")"
  [ "${KAIWA_CI_STRICT:-0}" != 1 ] || exit 1
  exit 0
fi
exec "$uv" run --frozen --group chart pytest tests/chart
