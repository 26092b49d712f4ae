# shellcheck shell=bash
# Everything that can be known to be wrong before anything is touched.

REQUIRED=(COLLABRY_JWT_SECRET COLLABRY_SERVICE_SECRET)

# Of this machine and .env, before images are built.
preflight_machine() {
  step "pre-flight: this machine"
  local tool free name value
  for tool in curl flock sha256sum; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
  done
  docker version >/dev/null 2>&1 || fail "no Docker engine answers"
  $COMPOSE version >/dev/null 2>&1 || fail "neither 'docker compose' nor docker-compose is installed"
  free=$(df --output=avail -BG "$(docker info --format '{{.DockerRootDir}}')" | tail -n 1 | tr -dc 0-9)
  [ "$free" -ge "$MIN_DISK_GB" ] || fail "only $free GB are free for images; $MIN_DISK_GB are needed (COLLABRY_MIN_DISK_GB)"
  [ -f "$ENV_FILE" ] || fail "there is no $ENV_FILE; begin with: cp .env.example .env"
  [ -n "$(setting_of_file MONGODB_URI)" ] || REQUIRED+=(MONGODB_PASSWORD)
  [ -n "$(setting_of_file REDIS_URL)" ] || REQUIRED+=(REDIS_PASSWORD)
  for name in "${REQUIRED[@]}"; do
    value=$(setting_of_file "$name")
    [ -n "$value" ] || fail "$name is not set in $ENV_FILE; openssl rand -hex 32 draws one"
  done
}

# Of the new images with the real settings: each role looks itself at what it needs.
preflight_release() {
  local release=$1 role
  step "pre-flight: settings and dependencies"
  compose "$release" config --quiet || fail "Compose does not accept the settings"
  ensure_stores "$release" || fail "Redis and MongoDB do not come up"
  for role in api "${ENGINES[0]}" worker; do
    compose_quietly "$release" run --rm --no-deps -T "$role" check ||
      fail "the pre-flight of $role found what is above; nothing was changed"
  done
}

# Redis and MongoDB, unless they are somebody else's.
stores_of() {
  case $(env_of "$1" REDIS_URL) in *@redis:* | *//redis:*) echo redis ;; esac
  case $(env_of "$1" MONGODB_URI) in *@mongodb:* | *//mongodb:* | *//mongodb/*) echo mongodb ;; esac
}

ensure_stores() {
  local store id stores
  mapfile -t stores < <(stores_of "$1")
  [ ${#stores[@]} -gt 0 ] || return 0
  for store in "${stores[@]}"; do
    # One that runs is left alone: a changed setting of it is for whoever chooses the moment.
    [ -n "$(containers "$store")" ] || compose_quietly "$1" up -d --no-deps --no-recreate "$store" || return 1
  done
  for store in "${stores[@]}"; do
    id=$(containers "$store" | tail -n 1)
    wait_healthy "$id" || return 1
  done
}
