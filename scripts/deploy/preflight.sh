# shellcheck shell=bash
# Everything that can be known to be wrong before anything is touched.

REQUIRED=(COLLABRY_JWT_SECRET COLLABRY_SERVICE_SECRET)

# Of this machine and .env, before images are built.
preflight_machine() {
  step "pre-flight: this machine"
  local tool name value
  for tool in curl flock sha256sum; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
  done
  docker version >/dev/null 2>&1 || fail "no Docker engine answers"
  $COMPOSE version >/dev/null 2>&1 || fail "neither 'docker compose' nor docker-compose is installed"
  look_at_disk
  [ -f "$ENV_FILE" ] || fail "there is no $ENV_FILE; begin with: cp .env.example .env"
  # Each that reads it understands anything else in its own way.
  name=$(grep -nE "^[A-Z][A-Z0-9_]*=.*(['\"\`\$\\]| #|[[:space:]]\$)" "$ENV_FILE" | cut -d = -f 1 | paste -sd ' ') || true
  [ -z "$name" ] || fail "values in $ENV_FILE stand as they are, without quotes, \$, \\ or anything behind them: see line $name"
  [ -n "$(setting_of_file MONGODB_URI)" ] || REQUIRED+=(MONGODB_PASSWORD)
  [ -n "$(setting_of_file REDIS_URL)" ] || REQUIRED+=(REDIS_PASSWORD)
  for name in "${REQUIRED[@]}"; do
    value=$(setting_of_file "$name")
    [ -n "$value" ] || fail "$name is not set in $ENV_FILE; openssl rand -hex 32 draws one"
  done
  # A rolling update has one replica more.
  [ "$(replicas)" -lt "$SLOTS" ] || fail "$(replicas) apis need more than $SLOTS sockets: raise COLLABRY_FRONT_SLOTS"
}

look_at_disk() {
  local folder free
  folder=$(docker info --format '{{.DockerRootDir}}')
  if ! free=$(df --output=avail -BG "$folder" 2>/dev/null | tail -n 1 | tr -dc 0-9); then
    say "the disk of the Docker engine is elsewhere, and not looked at"
  elif [ "$free" -lt "$MIN_DISK_GB" ]; then
    fail "only $free GB are free for images; $MIN_DISK_GB are needed (COLLABRY_MIN_DISK_GB)"
  fi
}

# Of the new images with the real settings: each role looks itself at what it needs.
preflight_release() {
  local release=$1 role bad=()
  step "pre-flight: settings and dependencies"
  compose "$release" config --services >"$STATE/releases/$release/services" || fail "Compose does not accept the settings"
  ensure_stores "$release" || fail "Redis and MongoDB do not come up"
  # One after the other: Compose v2 would make the same network in each of them.
  for role in api "$(engines_of "$release" | head -n 1)" worker; do
    check "$release" "$role" || bad+=("$role")
  done
  [ ${#bad[@]} -eq 0 ] || fail "the pre-flight of ${bad[*]} found what is above; no container was touched"
}

# A role looks itself at what it needs. Chat goes on without model providers, and what mends one may be in this very release.
check() {
  local found
  if found=$(compose "$1" run --rm --no-deps -T "$2" check 2>&1); then
    # The same for all of them.
    [ "$2" != api ] || grep '; the next start makes: ' <<<"$found" | sed 's/^ok */   /' || true
    return
  fi
  if grep -q '^PROBLEM' <<<"$found" && ! grep '^PROBLEM' <<<"$found" | grep -qv '^PROBLEM  models of '; then
    grep -A 1 '^PROBLEM' <<<"$found" | sed 's/^/   /'
    return
  fi
  echo "$found" >&2
  return 1
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
