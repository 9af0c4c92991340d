#!/usr/bin/env bash
# A real Kubernetes of one node (API server, scheduler, kubelet, containerd, kube-proxy, DNS) for machines that cannot
# pull kind's image. Throw-away: everybody who reaches its port is let in. `down` is its only clean-up: call it from a trap.
#
#   node.sh up             writes $KAIWA_CLUSTER/kubeconfig
#   node.sh load IMAGE…    from the Docker engine into the node
#   node.sh down
#
# Needs root, a Docker engine, Debian's containerd and containernetworking-plugins, kubectl, and what
# build-kubernetes.sh made. Not there: NetworkPolicy enforcement, metrics, load balancers, dynamic volumes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
state=${KAIWA_CLUSTER:?name a folder for the node, absolute}
bin=$("$here/build-kubernetes.sh" --check) || true
address=${KAIWA_NODE_ADDRESS:-$(hostname -I | awk '{print $1}')}
socket=$state/containerd.sock
config=$state/kubeconfig
pods=10.244.0.0/16

ctr() { command ctr --address "$socket" --namespace k8s.io "$@"; }
kubectl() { command kubectl --kubeconfig "$config" "$@"; }
start() { # NAME COMMAND…
  "${@:2}" >"$state/$1.log" 2>&1 </dev/null &
  echo $! >"$state/$1.pid"
  disown
}
stop() { # SIGNAL NAME
  [ ! -f "$state/$2.pid" ] || kill "-$1" "$(cat "$state/$2.pid")" 2>/dev/null || true
}
until_true() { # SECONDS COMMAND…
  local deadline=$((SECONDS + $1))
  until "${@:2}" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { echo "node: not within $1 s: ${*:2}; see $state/*.log" >&2; exit 3; }
    sleep 0.2
  done
}

load() { docker save "$@" | ctr images import - >/dev/null; }

own_images() { # the two that every node needs, from scratch
  local name context
  for name in pause:3 coredns:1; do
    docker image inspect "local/$name" >/dev/null 2>&1 && continue
    context=$(mktemp -d)
    cp "$bin/${name%:*}" "$context/"
    printf 'FROM scratch\nCOPY %s /%s\nENTRYPOINT ["/%s"]\n' "${name%:*}" "${name%:*}" "${name%:*}" >"$context/Dockerfile"
    "$("$here/../engine.sh" client)" build --quiet --tag "local/$name" "$context" >/dev/null
    rm -rf "$context"
  done
}

write_files() {
  mkdir -p "$state/cni" "$state/pki"
  openssl genrsa -out "$state/pki/sa.key" 2048 2>/dev/null
  token=$(openssl rand -hex 16)
  (umask 077 && printf '%s,admin,admin,"system:masters"\n' "$token" >"$state/tokens.csv")
  # Without CAP_SYS_RESOURCE, as in some virtual machines, runc dies of a negative oom_score_adj.
  cat >"$state/containerd.toml" <<X
version = 2
root = "$state/containerd"
state = "$state/containerd-run"
[grpc]
  address = "$socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/local/pause:3"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/cni"
X
  cat >"$state/cni/10-pods.conflist" <<X
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$state/ipam", "ranges": [[{"subnet": "10.244.0.0/24"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
X
  cat >"$config" <<X
apiVersion: v1
kind: Config
clusters: [{name: local, cluster: {server: "https://$address:16443", certificate-authority: $state/pki/apiserver.crt}}]
users: [{name: admin, user: {token: $token}}]
contexts: [{name: local, context: {cluster: local, user: admin}}]
current-context: local
X
  cat >"$state/kubelet.yaml" <<X
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $address
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
containerRuntimeEndpoint: unix://$socket
failSwapOn: false
failCgroupV1: false
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, imagefs.available: 1%}
podLogsDir: $state/podlogs
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
X
  cat >"$state/proxy.yaml" <<X
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
bindAddress: $address
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
clusterCIDR: $pods
hostnameOverride: node1
clientConnection: {kubeconfig: $config}
conntrack: {maxPerCore: 0, min: 0}
X
}

up() {
  own_images
  write_files
  local etcd=http://127.0.0.1:23790 peer=http://127.0.0.1:23800
  start containerd containerd --config "$state/containerd.toml"
  start etcd "$bin/etcd" --data-dir "$state/etcd" --listen-client-urls $etcd --advertise-client-urls $etcd \
    --listen-peer-urls $peer --initial-advertise-peer-urls $peer --initial-cluster default=$peer --unsafe-no-fsync
  # On the node's address, not on loopback: CoreDNS and every other client within the cluster must reach it.
  start apiserver "$bin/kube-apiserver" --etcd-servers=$etcd --bind-address="$address" --secure-port=16443 \
    --advertise-address="$address" --cert-dir="$state/pki" --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$state/pki/sa.key" --service-account-signing-key-file="$state/pki/sa.key" \
    --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC --token-auth-file="$state/tokens.csv" \
    --enable-admission-plugins=NodeRestriction --allow-privileged=true --kubelet-preferred-address-types=InternalIP
  until_true 90 kubectl get --raw /readyz
  local client=("--kubeconfig=$config" "--authentication-kubeconfig=$config" "--authorization-kubeconfig=$config"
    --bind-address=127.0.0.1 --leader-elect=false)
  start controllers "$bin/kube-controller-manager" "${client[@]}" --cert-dir="$state/pki/controllers" \
    --service-account-private-key-file="$state/pki/sa.key" --use-service-account-credentials=true \
    --root-ca-file="$state/pki/apiserver.crt"
  start scheduler "$bin/kube-scheduler" "${client[@]}" --cert-dir="$state/pki/scheduler"
  until_true 30 ctr version
  load local/pause:3 local/coredns:1
  start kubelet "$bin/kubelet" --kubeconfig="$config" --config="$state/kubelet.yaml" --root-dir="$state/kubelet" \
    --cert-dir="$state/pki/kubelet" --hostname-override=node1 --node-ip="$address"
  start proxy "$bin/kube-proxy" --config="$state/proxy.yaml"
  # dockerd sets the policy of FORWARD to DROP.
  for way in -s -d; do
    iptables -C FORWARD $way $pods -j ACCEPT 2>/dev/null || iptables -I FORWARD $way $pods -j ACCEPT
  done
  until_true 60 kubectl wait --for=condition=Ready node/node1 --timeout=5s
  kubectl apply -f "$here/dns.yaml" >/dev/null
  kubectl -n kube-system rollout status deployment/coredns --timeout=90s >/dev/null
}

down() {
  [ -d "$state" ] || return 0
  stop TERM kubelet
  sleep 1 # or it would start again what is ended here
  for id in $(ctr tasks list --quiet 2>/dev/null); do ctr tasks kill --signal 9 "$id" >/dev/null 2>&1 || true; done
  sleep 1
  for id in $(ctr containers list --quiet 2>/dev/null); do
    ctr tasks remove --force "$id" >/dev/null 2>&1 || true
    ctr containers remove "$id" >/dev/null 2>&1 || true
  done
  # SIGKILL: an API server takes a minute to leave, and nobody will miss what it knows.
  for name in kubelet proxy scheduler controllers apiserver etcd; do stop KILL $name; done
  stop TERM containerd
  sleep 2
  "$bin/kube-proxy" --cleanup >/dev/null 2>&1 || true
  awk -v state="$state" '$2 ~ "^"state {print $2}' /proc/mounts | sort -r | xargs -r umount -l || true
  rules_down
  ip link delete cni0 2>/dev/null || true
  rm -rf "$state"
}

rules_down() { # of iptables, those that killed pods and kube-proxy's own clean-up leave behind
  for way in -s -d; do iptables -D FORWARD $way $pods -j ACCEPT 2>/dev/null || true; done
  { iptables-save -t nat | grep -E '^-A POSTROUTING .*-j CNI-' || true; } | sed 's/^-A/-D/' |
    while read -r rule; do eval "iptables -t nat $rule" || true; done
  for chain in $(iptables-save -t nat | grep -oE '^:CNI-[0-9a-f]{24}' | tr -d :); do
    iptables -t nat -F "$chain" && iptables -t nat -X "$chain" || true
  done
  for chain in INPUT OUTPUT; do iptables -D $chain -j KUBE-FIREWALL 2>/dev/null || true; done
  for table in filter nat mangle; do
    for chain in KUBE-FIREWALL KUBE-KUBELET-CANARY KUBE-IPTABLES-HINT; do
      { iptables -t $table -F $chain && iptables -t $table -X $chain; } 2>/dev/null || true
    done
  done
}

case ${1:-} in
  up | down) "$1" ;;
  load) load "${@:2}" ;;
  *) echo "say up, load or down" >&2; exit 2 ;;
esac
