#!/usr/bin/env bash
# Images for a machine that can reach package registries but no image registry: Debian, Python, Kafka, PostgreSQL and
# Prometheus under the names `local/…`, with the contract of the public images that they stand for (as far as this
# project uses it). They are kept in the cache and made anew when anything in this folder changes.
#
#   local/build.sh            needs root, debootstrap and a Docker engine; about three minutes, then nothing
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
docker=$("$here/../../engine.sh" client)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kaiwa/images
key=$(cd "$here" && find . -type f | sort | xargs sha256sum | sha256sum | cut -c1-12)
images=(local/debian:bookworm-slim local/python:3.11-slim local/kafka:4.2.0 local/postgres:15 local/prometheus:latest)
kept=$cache/local-$key.tar

say() { echo "local images: $*" >&2; }
have() { [ "$($docker image inspect --format '{{index .Config.Labels "kaiwa.local"}}' "$1" 2>/dev/null)" = "$key" ]; }

debian() {  # a minimal Debian without documentation, which trusts whom this machine trusts
  local root mirror
  root=$(mktemp -d); trap 'rm -rf "$root"' RETURN
  say "debian: debootstrap"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$root/r" >"$root/log" 2>&1 || { tail -5 "$root/log" >&2; exit 3; }
  mirror=$(awk '/^deb /{print $2; exit}' "$root/r/etc/apt/sources.list")
  printf 'deb %s bookworm main\ndeb %s bookworm-updates main\ndeb %s-security bookworm-security main\n' \
    "$mirror" "$mirror" "${mirror%/}" >"$root/r/etc/apt/sources.list"
  cp "$here/apt.conf" "$root/r/etc/apt/apt.conf.d/10slim"
  cp "$here/dpkg.cfg" "$root/r/etc/dpkg/dpkg.cfg.d/slim"
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    cp /usr/local/share/ca-certificates/*.crt "$root/r/usr/local/share/ca-certificates/"
    chroot "$root/r" update-ca-certificates >/dev/null
  fi
  tar -C "$root/r" --numeric-owner --exclude='./var/cache/apt/archives/*.deb' --exclude='./var/cache/apt/*.bin' \
    --exclude='./var/lib/apt/lists/*' --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
    --exclude='./usr/share/locale/*' --exclude='./var/log/*' --exclude='./proc/*' --exclude='./sys/*' \
    --exclude='./dev/*' -c . |
    $docker import --change "LABEL kaiwa.local=$key" --change 'CMD ["bash"]' \
      --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - local/debian:bookworm-slim >/dev/null
}

build() {  # TAG CONTEXT [ARGUMENT…]
  say "$1"
  DOCKER_BUILDKIT=1 $docker build --quiet --label "kaiwa.local=$key" -t "$1" "${@:3}" "$2" >/dev/null
}

kafka() {  # on the jars that the embedded broker runs on, fetched and checked by the same code
  local context
  context=$(mktemp -d); trap 'rm -rf "$context"' RETURN
  mkdir "$context/jars"
  (cd "$here/../../.." && make --silent setup && "$(command -v uv || echo .tools/uv/bin/uv)" run --frozen \
    python -c 'from kaiwa.devstack.artifacts import ensure; print(*ensure(), sep="\n")') | xargs cp -t "$context/jars"
  cp "$here"/kafka/* "$context/"
  build local/kafka:4.2.0 "$context"
}

wanting=0
for image in "${images[@]}"; do have "$image" || wanting=1; done
[ $wanting = 1 ] || exit 0
if [ -s "$kept" ]; then
  say "from the cache"
  $docker load --quiet --input "$kept" >/dev/null
  exit 0
fi
[ "$(id -u)" = 0 ] || { say "making them needs root (debootstrap): run this as root, or set BASE_IMAGE, KAFKA_IMAGE and POSTGRES_IMAGE"; exit 3; }
command -v debootstrap >/dev/null || { say "debootstrap is missing: apt-get install debootstrap"; exit 3; }
debian
build local/python:3.11-slim "$here/python"
build local/postgres:15 "$here/postgres"
build local/prometheus:latest "$here/prometheus"
kafka
mkdir -p "$cache"
find "$cache" -name 'local-*.tar' -delete
$docker save --output "$kept.part" "${images[@]}"
mv "$kept.part" "$kept"
