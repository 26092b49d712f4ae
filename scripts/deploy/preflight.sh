# shellcheck shell=bash
# Finds every problem that can be found before anything is touched.

REQUIRED=(COLLABRY_JWT_SECRET COLLABRY_SERVICE_SECRET)

# Without an engine, nothing can be checked.
engine() {
  docker version >/dev/null 2>&1 || fail "no Docker engine answers; start it (systemctl start docker), or check that you may use it (docker version)"
}

# Checks this machine and .env, before images are built.
preflight_machine() {
  step "pre-flight: this machine"
  local tool name value
  for tool in curl flock sha256sum; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
  done
  engine
  $COMPOSE version >/dev/null 2>&1 || fail "neither 'docker compose' nor docker-compose is installed"
  look_at_disk
  [ -f "$ENV_FILE" ] || fail "there is no $ENV_FILE; create it: cp .env.example .env"
  # The programs that read the file interpret anything else differently.
  name=$(grep -nE "^[A-Z][A-Z0-9_]*=.*(['\"\`\$\\]| #|[[:space:]]\$)" "$ENV_FILE" | cut -d = -f 1 | paste -sd ' ') || true
  [ -z "$name" ] || fail "write values in $ENV_FILE as they are, without quotes, \$, \\ or anything after them: see line $name"
  # Any other line has no effect.
  name=$(grep -nvE '^([A-Z][A-Z0-9_]*=|[[:space:]]*(#|$))' "$ENV_FILE" | cut -d : -f 1 | paste -sd ' ') || true
  [ -z "$name" ] || say "NOTE settings in $ENV_FILE are NAME=value, with nothing before the name, not even 'export'; ignored: line $name"
  [ -n "$(setting_of_file MONGODB_URI)" ] || REQUIRED+=(MONGODB_PASSWORD)
  [ -n "$(setting_of_file REDIS_URL)" ] || REQUIRED+=(REDIS_PASSWORD)
  for name in "${REQUIRED[@]}"; do
    value=$(setting_of_file "$name")
    [ -n "$value" ] || fail "$name is not set in $ENV_FILE; generate one with openssl rand -hex 32"
  done
  look_at_secrets
  look_at_cookies
  look_at_addresses
  look_at_ports
  # A rolling update adds one replica.
  [ "$(replicas)" -lt "$SLOTS" ] || fail "$(replicas) apis need more than $SLOTS sockets: raise COLLABRY_FRONT_SLOTS"
}

# Warns about secrets that are kept where a leak does more harm than necessary.
look_at_secrets() {
  ! grep -q '^COLLABRY_BACKUP_SECRET_KEY=.' "$ENV_FILE" ||
    say "NOTE COLLABRY_BACKUP_SECRET_KEY is in $ENV_FILE: anyone who takes over this machine can read the backups too. Keep it elsewhere, and pass IDENTITY=FILE when it is needed"
  [ -n "$(setting_of_file MONGODB_URI)$(setting_of_file MONGODB_ROOT_PASSWORD)" ] ||
    say "NOTE MONGODB_ROOT_PASSWORD is not set in $ENV_FILE, so the programs run as MongoDB's root (docs/operations/secrets.md)"
}

# A sign-in cookie that browsers also send without TLS can be intercepted.
look_at_cookies() {
  if [ -n "$(setting_of_file NGINX_CERTIFICATE)" ]; then
    [ -n "$(setting_of_file NGINX_CERTIFICATE_KEY)" ] || fail "NGINX_CERTIFICATE is set in $ENV_FILE, but NGINX_CERTIFICATE_KEY is not"
    case $(setting_of_file COLLABRY_SECURE_COOKIES) in
      true) ;;
      "") say "nginx has a certificate: COLLABRY_SECURE_COOKIES=true" ;;
      *) fail "nginx has a certificate, but COLLABRY_SECURE_COOKIES is not true in $ENV_FILE: browsers would also send the sign-in cookie without TLS. Set it to true, or remove the line" ;;
    esac
  elif [ -z "$(setting_of_file COLLABRY_SECURE_COOKIES)" ]; then
    say "nginx has no certificate. Set COLLABRY_SECURE_COOKIES in $ENV_FILE: true if something in front terminates TLS, false if there is no TLS"
  fi
}

# In a container, localhost is that container.
look_at_addresses() {
  local name
  for name in COLLABRY_OLLAMA_URL COLLABRY_OPENAI_URL COLLABRY_ANTHROPIC_URL COLLABRY_S3_ENDPOINT OTEL_EXPORTER_OTLP_ENDPOINT; do
    case $(setting_of_file "$name") in
      *//localhost[:/]* | *//localhost | *//127.* | *//\[::1\]*)
        say "PROBLEM $name: localhost is the container itself. Use host.docker.internal for this machine, as in http://host.docker.internal:11434; the program there has to listen on more than 127.0.0.1"
        ;;
    esac
  done
}

# Checks nginx's ports, unless nginx is already running.
look_at_ports() {
  local id name address port held
  id=$(containers nginx | tail -n 1)
  [ -z "$id" ] || return 0
  for name in COLLABRY_HTTP_PORT COLLABRY_HTTPS_PORT; do
    address=$(setting_of_file "$name")
    [ -n "$address" ] || case $name in COLLABRY_HTTP_PORT) address=80 ;; *) address=443 ;; esac
    port=${address##*:}
    if listens "$address"; then
      held=$(docker ps --filter "publish=$port" --format '{{.Names}}' | paste -sd ' ')
      fail "port $port is in use${held:+ by the container $held}; stop the program that listens there, or set $name in $ENV_FILE to another port"
    fi
  done
}

# listens [HOST:]PORT
listens() {
  local host=127.0.0.1
  case $1 in *:*) host=${1%:*} ;; esac
  [ "$host" != 0.0.0.0 ] || host=127.0.0.1
  # shellcheck disable=SC2016 # for the inner shell
  timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "${host//[][]/}" "${1##*:}" 2>/dev/null
}

look_at_disk() {
  local folder free
  folder=$(docker info --format '{{.DockerRootDir}}')
  if ! free=$(df --output=avail -BG "$folder" 2>/dev/null | tail -n 1 | tr -dc 0-9); then
    say "the Docker engine's disk is on another machine and was not checked"
  elif [ "$free" -lt "$MIN_DISK_GB" ]; then
    fail "only $free GB of disk are free for images; $MIN_DISK_GB are needed (COLLABRY_MIN_DISK_GB)"
  fi
}

# Checks the new images with the real settings: each role checks what it needs.
preflight_release() {
  local release=$1 role bad=()
  step "pre-flight: settings and dependencies"
  compose "$release" config --services >"$STATE/releases/$release/services" || fail "Compose rejected the settings"
  ensure_stores "$release" || fail "Redis and MongoDB do not come up"
  # One at a time: in parallel, Compose v2 would create the same network several times.
  for role in api "$(engines_of "$release" | head -n 1)" worker; do
    check "$release" "$role" || bad+=("$role")
  done
  unknown_names
  [ ${#bad[@]} -eq 0 ] || fail "the pre-flight of ${bad[*]} found the problems above; no container was touched"
}

# Runs a role's own check. Problems of model providers do not stop the deploy: chat works without them, and the fix may be in
# this very release.
check() {
  local found status=0
  found=$(compose "$1" run --rm --no-deps -T "$2" check 2>&1) || status=$?
  if [ "$status" -ne 0 ] && ! only_models "$found"; then
    echo "$found" >&2
    notes "$found" >/dev/null
    return 1
  fi
  [ "$status" -eq 0 ] || grep -A 1 '^PROBLEM' <<<"$found" | sed 's/^/   /'
  # The indexes are the same for every role, so show them once.
  [ "$2" != api ] || grep '; the next start makes: ' <<<"$found" | sed 's/^ok */   /' || true
  notes "$found"
}

only_models() { grep -q '^PROBLEM' <<<"$1" && ! grep '^PROBLEM' <<<"$1" | grep -qv '^PROBLEM  models of '; }

# Shows each note of `check` once, even if several roles report it.
NOTED=
notes() {
  local line note=
  while IFS= read -r line; do
    if [[ -n $note && $NOTED != *"$note"$'\n'"$line"$'\n'* ]]; then
      printf '   %s\n   %s\n' "$note" "$line"
      NOTED+=$note$'\n'$line$'\n'
    fi
    case $line in
      # On a first deploy the engines are not started yet.
      NOTE\ *ai-engine\ *) if [ -n "$(containers ai-engine-1)" ]; then note=$line; else note=; fi ;;
      NOTE\ *) note=$line ;;
      *) note= ;;
    esac
  done <<<"$1"
}

# Names unknown settings in .env. `check` reports those that look like settings of the programs; this reports the rest, which only
# Compose and deploy.sh could have read.
unknown_names() {
  local name file known
  known=$(
    sed -n 's/^#\([A-Z][A-Z0-9_]*\)=.*/\1/p' .env.example
    # The operator's own Compose files may use other variables.
    for file in $(setting COLLABRY_COMPOSE_EXTRA); do grep -oE '\$\{?[A-Z][A-Z0-9_]*' "$file" | grep -oE '[A-Z].*' || true; done
  )
  sed -n 's/^\([A-Z][A-Z0-9_]*\)=..*/\1/p' "$ENV_FILE" | sort -u | grep -vxF "$known" | while read -r name; do
    # The last ones are read by libraries of the programs.
    case $name in COLLABRY_* | *_PROXY | SSL_CERT_* | TZ | LANG | RUST_* | MALLOC_* | OPENBLAS_* | OMP_* | OTEL_* | AWS_*) continue ;; esac
    grep -qE "^NOTE +$name\$" <<<"$NOTED" || printf '   NOTE     %s\n            is in %s but is not a known setting, and does nothing; .env.example lists every setting\n' "$name" "$ENV_FILE"
  done || true
}

# Redis and MongoDB, unless the settings name external ones.
stores_of() {
  case $(env_of "$1" REDIS_URL) in *@redis:* | *//redis:*) echo redis ;; esac
  case $(env_of "$1" MONGODB_URI) in *@mongodb:* | *//mongodb:* | *//mongodb/*) echo mongodb ;; esac
}

ensure_stores() {
  local store id stores
  mapfile -t stores < <(stores_of "$1")
  [ ${#stores[@]} -gt 0 ] || return 0
  for store in "${stores[@]}"; do
    # Leave a running store alone: the operator chooses when to apply its changed settings.
    [ -n "$(containers "$store")" ] || compose_quietly "$1" up -d --no-deps --no-recreate "$store" || return 1
  done
  for store in "${stores[@]}"; do
    id=$(containers "$store" | tail -n 1)
    wait_healthy "$id" || return 1
  done
}
