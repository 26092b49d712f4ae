# shellcheck shell=bash
# Shows what is running, and what is wrong with it.

status() {
  local current target
  current=$(marked current)
  target=$(marked target)
  echo "release   ${current:-none}"
  [ -z "$(marked previous)" ] || echo "previous  $(marked previous)"
  [ -z "$target" ] || echo "unfinished $target (running, or killed: run ./deploy.sh or ./deploy.sh rollback)"
  [ -n "$current$target" ] || return 0
  echo
  printf '%-28s %-10s %-24s %-20s %s\n' CONTAINER HEALTH RELEASE IMAGE STARTED
  local service id
  for service in $(docker ps --all --filter "label=com.docker.compose.project=$PROJECT" \
    --format '{{.Label "com.docker.compose.service"}}' | sort -u); do
    for id in $(containers "$service" -a); do
      printf '%-28s %-10s %-24s %-20s %s\n' "$(name_of "$id")" \
        "$(inspect "$id" '{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}')" \
        "$(release_of "$id")" "$(inspect "$id" '{{.Image}}' | cut -c 8-23)" "$(inspect "$id" '{{.State.StartedAt}}' | cut -c 1-19)"
    done
  done
  echo
  echo "nginx serves $(front site 2>/dev/null || echo nothing) and sends requests to $(front list 2>/dev/null | paste -sd ' ')"
}

logs() {
  local release
  release=$(marked current | grep . || marked target)
  [ -n "$release" ] || fail "nothing is deployed"
  compose "$release" logs --follow --tail 100 "$@"
}

# Checks everything that could be wrong; changes nothing except what the smoke test leaves behind.
doctor() {
  local release service id found problems=0
  preflight_machine
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  step "containers"
  for service in nginx api $(engines_of "$release") worker $(stores_of "$release") $(others_of "$release"); do
    [ -n "$(containers "$service")" ] || problem "$service is not running"
    for id in $(containers "$service" -a); do
      well "$id" || problem "$(name_of "$id") is not healthy: $(inspect "$id" '{{range .State.Health.Log}}{{.Output}}{{end}}' | tail -n 1)"
      [ "$(inspect "$id" '{{.State.OOMKilled}}')" != true ] || problem "$(name_of "$id") ran out of memory"
      [ "$(inspect "$id" '{{.RestartCount}}')" = 0 ] || problem "$(name_of "$id") was restarted $(inspect "$id" '{{.RestartCount}}') times"
    done
  done
  step "settings and dependencies"
  for service in api "$(engines_of "$release" | head -n 1)" worker; do
    if ! found=$(compose "$release" run --rm --no-deps -T "$service" check 2>&1); then
      grep -A 1 PROBLEM <<<"$found" || tail -n 5 <<<"$found"
      problem "$service: see above"
    fi
    notes "$found"
  done
  unknown_names
  smoke || problem "the smoke test failed"
  echo
  if [ "$problems" -eq 0 ]; then echo "All is well."; else echo "$problems problem(s)."; fi
  [ "$problems" -eq 0 ]
}

# Healthy, or at least running if it has no health check.
well() { healthy "$1" || [ "$(inspect "$1" '{{.State.Running}} {{if .State.Health}}asked{{end}}')" = "true " ]; }

problem() {
  problems=$((problems + 1))
  say "PROBLEM $*"
}
