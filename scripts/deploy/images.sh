# shellcheck shell=bash
# Images: built here or pulled, and from then on identified by id, because a tag can move.

VERSION=${VERSION:-}
REGISTRY=$(setting REGISTRY)
USE_REGISTRY=$(setting USE_REGISTRY false)

version() {
  [ -z "$VERSION" ] || return 0
  VERSION=$(git -C "$ROOT" describe --tags --always --dirty 2>/dev/null) || fail "set VERSION, for example VERSION=v1.2.0 ./deploy.sh"
}

# Builds or pulls the missing images of $VERSION.
prepare_images() {
  version
  if [ "$USE_REGISTRY" = true ]; then
    pull_images
  elif [ "$(setting BUILD yes)" = no ]; then
    say "using the local images"
  else
    build_images
  fi
  local role
  for role in "${ROLES[@]}"; do
    docker image inspect "collabry/$role:$VERSION" >/dev/null 2>&1 || fail "there is no image collabry/$role:$VERSION"
  done
}

build_images() {
  version
  local role binaries base
  binaries=$(setting BINARIES source)
  base=$(setting BASE_IMAGE debian:bookworm-slim)
  local arguments=(
    --build-arg "BINARIES=$binaries" --build-arg "BASE_IMAGE=$base"
    --build-arg "VERSION=$VERSION" --build-arg "REVISION=$(git -C "$ROOT" rev-parse HEAD 2>/dev/null || echo unknown)"
  )
  if [ "$binaries" = prebuilt ]; then
    # Nothing is compiled in them.
    arguments+=(--build-arg "RUST_IMAGE=$base" --build-arg "NODE_IMAGE=$base")
    docker/prebuild.sh
  else
    local name value
    for name in RUST_IMAGE NODE_IMAGE; do
      value=$(setting "$name")
      [ -z "$value" ] || arguments+=(--build-arg "$name=$value")
    done
  fi
  local mirror
  for mirror in APT_MIRROR CARGO_MIRROR NPM_REGISTRY PIP_INDEX_URL; do
    [ -z "$(setting "$mirror")" ] || arguments+=(--build-arg "$mirror=$(setting "$mirror")")
  done
  for role in "${ROLES[@]}"; do
    step "build $role"
    docker build -f docker/Dockerfile --target "$role" "${arguments[@]}" -t "collabry/$role:$VERSION" . >"$(build_log)" 2>&1 ||
      { tail -n 40 "$(build_log)" >&2; fail "cannot build the image of $role; full log: $(build_log)"; }
  done
}

build_log() {
  private_folder "$STATE"
  echo "$STATE/build.log"
}

registry() { [ -n "$REGISTRY" ] || fail "set REGISTRY, for example REGISTRY=registry.example.org/collabry"; }

pull_images() {
  registry
  local role
  for role in "${ROLES[@]}"; do
    step "pull $role"
    docker pull -q "$REGISTRY/$role:$VERSION" >/dev/null || fail "cannot pull $REGISTRY/$role:$VERSION"
    docker tag "$REGISTRY/$role:$VERSION" "collabry/$role:$VERSION"
  done
}

push_images() {
  version
  registry
  local role
  for role in "${ROLES[@]}"; do
    step "push $role"
    docker tag "collabry/$role:$VERSION" "$REGISTRY/$role:$VERSION"
    docker push -q "$REGISTRY/$role:$VERSION" >/dev/null || fail "cannot push $REGISTRY/$role:$VERSION"
  done
}

image_id() { docker image inspect --format '{{.Id}}' "$1"; }

# A name that identifies the image, for Compose, which does not accept ids. Each installation has its own names.
pinned() {
  local id=$2
  echo "$PROJECT/$1:sha-${id:7:16}"
}

# pin ROLE ID: makes the name point to the recorded image, wherever its tags point now.
pin() {
  local name
  name=$(pinned "$1" "$2")
  [ "$(image_id "$name" 2>/dev/null)" = "$2" ] || docker tag "$2" "$name" || { warn "the image $2 of $1 is gone"; return 1; }
}
