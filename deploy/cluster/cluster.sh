#!/usr/bin/env bash
# A throw-away Kubernetes: kind where it and its image can be had, else the node of node.sh.
#
#   cluster.sh up            prints KUBECONFIG and KAIWA_NODE (an address that this machine and the pods both reach)
#   cluster.sh load IMAGE…   from the Docker engine into the cluster
#   cluster.sh down          the only clean-up: call it from a trap
#
# KAIWA_CLUSTER is a folder for its files. Code 3, with the reason, where no cluster can be had.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
state=${KAIWA_CLUSTER:?name a folder for the cluster, absolute}
name=kaiwa-test

away() { echo "$1" >&2; exit 3; }
is_kind() { [ -f "$state/kind" ]; }

up_kind() {
  mkdir -p "$state"
  timeout 300 kind create cluster --name $name --kubeconfig "$state/kubeconfig" --wait 120s >"$state/kind.log" 2>&1 ||
    { kind delete cluster --name $name >/dev/null 2>&1; rm -rf "$state"; return 1; }
  touch "$state/kind"
}

up_node() {
  [ "$(id -u)" = 0 ] || away "kind cannot make a cluster here, and a node of our own needs root"
  "$here/build-kubernetes.sh" --check >/dev/null ||
    away "kind cannot make a cluster here, and Kubernetes is not built: deploy/cluster/build-kubernetes.sh does it in ten minutes"
  command -v kubectl >/dev/null || away "kubectl is missing: install it"
  [ -x /usr/lib/cni/bridge ] || { apt-get update && apt-get install -y --no-install-recommends containernetworking-plugins; } >/dev/null 2>&1 ||
    away "the CNI plugins are missing: apt-get install containernetworking-plugins"
  "$here/node.sh" up
}

up() {
  "$here/../engine.sh" up
  if command -v kind >/dev/null && up_kind; then
    address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' $name-control-plane)
  else
    up_node
    address=$(kubectl --kubeconfig "$state/kubeconfig" get node node1 -o jsonpath='{.status.addresses[0].address}')
  fi
  echo "export KUBECONFIG=$state/kubeconfig KAIWA_NODE=$address"
}

load() { if is_kind; then kind load docker-image --name $name "$@" >/dev/null 2>&1; else "$here/node.sh" load "$@"; fi; }

down() {
  if is_kind; then kind delete cluster --name $name >/dev/null 2>&1; rm -rf "$state"; else "$here/node.sh" down; fi
}

case ${1:-} in
  up | down) "$1" ;;
  load) load "${@:2}" ;;
  *) away "say up, load or down" ;;
esac
