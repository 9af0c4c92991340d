#!/usr/bin/env bash
# Builds etcd, the control plane, kubelet, kube-proxy and CoreDNS from Go modules into the cache: about ten minutes on
# two cores, nothing when they are there. Prints the folder.
#
#   build-kubernetes.sh [--check] [1.34.4]      --check: only say whether they are there (code 1 when not)
#
# 1.34 is the newest that takes cgroup v1 and the containerd of Debian 12.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
check=
[ "${1:-}" != --check ] || { check=1; shift; }
version=${1:-1.34.4}
bin=${XDG_CACHE_HOME:-$HOME/.cache}/kaiwa/kubernetes/$version
echo "$bin"
[ "$(cat "$bin/.version" 2>/dev/null)" != "$version" ] || exit 0
[ -z "$check" ] || exit 1
command -v go >/dev/null || { echo "Go is needed to build Kubernetes" >&2; exit 3; }

mkdir -p "$bin"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GOFLAGS="-mod=mod -buildvcs=false" CGO_ENABLED=0
{
  # Every staging module of the big repository is replaced by its published twin.
  go mod init example.test/kubernetes
  manifest=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
  twins=()
  for module in $(grep -oE '^\s+k8s.io/[a-z-]+ => ./staging' "$manifest" | awk '{print $1}'); do
    twins+=("-replace=$module=$module@v0.${version#1.}")
  done
  go mod edit "${twins[@]}" -require="k8s.io/kubernetes@v$version"
  # Without its version the server calls itself v0.0.0, and a chart with a `kubeVersion` refuses it.
  flags="-s -w -X k8s.io/component-base/version.gitVersion=v$version -X k8s.io/component-base/version.gitMajor=1"
  flags+=" -X k8s.io/component-base/version.gitMinor=$(cut -d. -f2 <<<"$version")"
  go build -trimpath -ldflags "$flags" -o "$bin/etcd" go.etcd.io/etcd/server/v3
  for each in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy; do
    echo "building $each"
    go build -trimpath -ldflags "$flags" -o "$bin/$each" "k8s.io/kubernetes/cmd/$each"
  done
  GOFLAGS=-buildvcs=false GOBIN=$bin go install -trimpath -ldflags '-s -w' github.com/coredns/coredns@latest
  GOFLAGS=-buildvcs=false go build -trimpath -ldflags '-s -w' -o "$bin/pause" "$here/pause.go"
} >&2
echo "$version" >"$bin/.version"
