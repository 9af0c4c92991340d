#!/usr/bin/env bash
# tools.sh NAME…: builds each tool by Go where it is missing, and prints the folder that holds it, one a line.
# They live in the cache under their version, so a second run costs nothing. Exits 3, with the reason, where that fails.
set -euo pipefail

HELM=v4.3.1
HELM_UNITTEST=v1.1.2
HELM_DOCS=v1.14.2
KUBECONFORM=v0.8.0

cache=${XDG_CACHE_HOME:-$HOME/.cache}/kaiwa/go

away() {
  echo "$1" >&2
  exit 3
}

# Go installs what has no replace directive by its path; what has one is built from its own folder.
install() {
  CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOBIN=$2 nice go install -trimpath -ldflags '-s -w' "$1"
}

from_source() {
  local folder
  folder=$(go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  (cd "$folder" && CGO_ENABLED=0 GOFLAGS=-buildvcs=false nice go build -trimpath -ldflags '-s -w' -o "$3" "$2")
}

build() {
  case $1 in
    helm) install "helm.sh/helm/v4/cmd/helm@$HELM" "$2" ;;
    helm-docs) install "github.com/norwoodj/helm-docs/cmd/helm-docs@$HELM_DOCS" "$2" ;;
    kubeconform) install "github.com/yannh/kubeconform/cmd/kubeconform@$KUBECONFORM" "$2" ;;
    helm-unittest)
      from_source "github.com/helm-unittest/helm-unittest@$HELM_UNITTEST" ./cmd/helm-unittest "$2/helm-unittest"
      ;;
  esac
}

for tool in "$@"; do
  version=${tool^^}
  version=${version//-/_}
  version=${!version:?no such tool: $tool}
  bin=$cache/$tool-$version/bin
  if [ ! -x "$bin/$tool" ]; then
    command -v go >/dev/null || away "$tool $version is not built yet and there is no Go to build it: install Go"
    echo "building $tool $version, once (minutes)" >&2
    mkdir -p "$bin.part"
    build "$tool" "$bin.part" >&2 || away "$tool $version cannot be built: is the Go module proxy reachable?"
    rm -rf "$bin" && mv "$bin.part" "$bin"
  fi
  echo "$bin"
done
