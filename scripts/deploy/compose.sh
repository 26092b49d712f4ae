# shellcheck shell=bash
# Runs Compose the same way for every caller: settings come from the release only, never from this shell.

if [ -z "${COMPOSE:-}" ]; then
  if docker compose version >/dev/null 2>&1; then COMPOSE="docker compose"; else COMPOSE="docker-compose"; fi
fi

# compose RELEASE ARGUMENT…
compose() {
  local folder=$STATE/releases/$1 file files=() arguments
  shift
  for file in "$folder"/*.yml; do files+=(-f "$file"); done
  # shellcheck disable=SC2206 # one word or two
  arguments=(env "COLLABRY_ENV_FILE=$folder/env" $COMPOSE --project-name "$PROJECT" --project-directory "$ROOT/docker"
    --env-file "$folder/env" "${files[@]}" "$@")
  # Keep these in the environment: as arguments of `env -i`, everybody on the machine could read them.
  (
    for name in $(compgen -e); do
      case $name in
        PATH | HOME | DOCKER_* | COLLABRY_BACKUP_SECRET_* | COLLABRY_ACCOUNT_PASSWORD) ;;
        *) unset "$name" 2>/dev/null || true ;;
      esac
    done
    exec "${arguments[@]}"
  )
}

# As above, quiet unless it fails.
compose_quietly() {
  local output
  output=$(compose "$@" 2>&1) || { echo "$output" >&2; return 1; }
}
