# shellcheck shell=bash
# One container: its release, its health, and waiting until it is healthy.

# containers SERVICE [docker ps option…]: ids, oldest first.
containers() {
  local service=$1
  shift
  docker ps --quiet --no-trunc --filter "label=com.docker.compose.project=$PROJECT" \
    --filter "label=com.docker.compose.service=$service" --filter label=com.docker.compose.oneoff=False "$@" | tac
}

inspect() { docker inspect --format "$2" "$1" 2>/dev/null || true; }
release_of() { inspect "$1" '{{index .Config.Labels "collabry.release"}}'; }
name_of() {
  local name
  name=$(inspect "$1" '{{.Name}}')
  echo "${name#/}"
}
healthy() {
  case $(inspect "$1" '{{.State.Running}} {{.State.Health.Status}}') in
    "true healthy") ;;
    # The engine checks only every few seconds, so check at once.
    "true starting") ask_health "$1" ;;
    *) return 1 ;;
  esac
}

# Runs a container's own health check.
ask_health() {
  local check
  mapfile -t check < <(inspect "$1" '{{range .Config.Healthcheck.Test}}{{println .}}{{end}}' | grep .)
  case ${check[0]:-} in
    CMD) timeout 10 docker exec "$1" "${check[@]:1}" ;;
    CMD-SHELL) timeout 10 docker exec "$1" sh -c "${check[1]}" ;;
    *) return 1 ;;
  esac >/dev/null 2>&1
}
address_of() { inspect "$1" "{{(index .NetworkSettings.Networks \"${PROJECT}_frontend\").IPAddress}}"; }

# Waits until a container is healthy; fails at once if it exits.
wait_healthy() {
  local id=$1 until=$((SECONDS + READY_SECS)) name restarts
  name=$(name_of "$id")
  restarts=$(inspect "$id" '{{.RestartCount}}')
  until healthy "$id"; do
    case $(inspect "$id" '{{.RestartCount}} {{.State.Status}}') in
      "$restarts running" | "$restarts created") ;;
      *) complain_of_end "$id" "$name"; return 1 ;;
    esac
    if [ "$SECONDS" -ge "$until" ]; then
      complain "$id" "$name is not ready after $READY_SECS s"
      return 1
    fi
    sleep 0.3
  done
}

# The engine keeps restarting it: the exit code is visible only between restarts.
complain_of_end() {
  local id=$1 code=unknown state
  for _ in $(seq 50); do
    state=$(inspect "$id" '{{.State.Status}} {{.State.ExitCode}}')
    case $state in
      restarting* | exited*) code=${state#* } && break ;;
    esac
    sleep 0.1
  done
  if [ "$code" = 64 ]; then
    complain "$id" "$2 rejected its configuration (exit code 64)"
  else
    complain "$id" "$2 exited instead of serving (exit code $code)"
  fi
}

complain() {
  warn "$2"
  {
    inspect "$1" '{{with .State.Health}}{{range .Log}}{{.Output}}{{end}}{{end}}' | tail -n 3
    docker logs --tail 10 "$1"
  } 2>&1 | sed 's/^/     | /' >&2
}

# Stops a container with its own signal and grace period, and removes it.
remove() {
  docker stop "$1" >/dev/null 2>&1 || true
  docker rm --force --volumes "$1" >/dev/null 2>&1 || true
}
