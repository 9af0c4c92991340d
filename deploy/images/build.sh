#!/usr/bin/env bash
# Builds the images, writes what is in each (CycloneDX) to dist/images, and fails when one is too large.
#
#   build.sh [TARGET…]     all of them by default: ingest dispatcher compliance tools simulator
#
#   KAIWA_SOURCE       the tree to build (this one); an earlier tree is built with this Dockerfile all the same
#   KAIWA_TAG          their tag (the version of the workspace)
#   KAIWA_REPOSITORY   what stands before the target in their names (kaiwa)
#   BASE_IMAGE         what they stand on (bases.sh chooses)
#   KAIWA_CA_BUNDLE    root certificates for a base image that lacks them
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
largest=120000000 # bytes above the base
source=${KAIWA_SOURCE:-$root}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$source/pyproject.toml" | head -1)
tag=${KAIWA_TAG:-$version}
repository=${KAIWA_REPOSITORY:-kaiwa}
revision=${KAIWA_REVISION:-$(git -C "$source" rev-parse HEAD 2>/dev/null || echo unknown)}
# The Dockerfile's own script belongs to the Dockerfile.
[ "$source" = "$root" ] || { mkdir -p "$source/deploy/images" && cp "$here/sync.sh" "$source/deploy/images/"; }
targets=("$@")
[ $# -gt 0 ] || targets=(ingest dispatcher compliance tools simulator)
declare -A packages=([tools]="ingest dispatcher compliance" [simulator]="ingest dispatcher compliance simulator")

chosen=$("$here/bases.sh")
eval "$chosen"
docker=$("$here/../engine.sh" client)
uv=$(command -v uv || echo "$root/.tools/uv/bin/uv")
options=(--build-arg "BASE_IMAGE=$BASE_IMAGE" --file "$here/Dockerfile"
  --label "org.opencontainers.image.version=$version" --label "org.opencontainers.image.revision=$revision"
  --label "org.opencontainers.image.base.name=$BASE_IMAGE")
[ -z "${KAIWA_CA_BUNDLE:-}" ] || options+=(--secret "id=ca_bundle,src=$KAIWA_CA_BUNDLE")
base=$(docker image inspect --format '{{.Size}}' "$BASE_IMAGE")
mkdir -p "$root/dist/images"

sbom() { # TARGET IMAGE
  local words=() package
  for package in ${packages[$1]:-$1}; do words+=(--package "kaiwa-$package"); done
  "$uv" export --quiet --project "$source" --frozen --no-dev --format cyclonedx1.5 --preview "${words[@]}" |
    python3 "$here/sbom.py" "$2"
}

over=0
printf '%-36s %10s %12s\n' image MB 'above base'
for target in "${targets[@]}"; do
  name=$repository/$target:$tag
  log=$(mktemp)
  DOCKER_BUILDKIT=1 "$docker" build --progress plain "${options[@]}" --target "$target" --tag "$name" "$source" >"$log" 2>&1 ||
    { tail -30 "$log" >&2; echo "$name could not be built" >&2; exit 1; }
  rm "$log"
  sbom "$target" "$name" >"$root/dist/images/$target-$tag.cdx.json"
  size=$(docker image inspect --format '{{.Size}}' "$name")
  printf '%-36s %10d %12d\n' "$name" $((size / 1000000)) $(((size - base) / 1000000))
  [ $((size - base)) -le $largest ] || over=1
done
[ $over = 0 ] || { echo "an image is more than $((largest / 1000000)) MB above its base" >&2; exit 1; }
