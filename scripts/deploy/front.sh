# shellcheck shell=bash
# nginx as it runs: asked, and told, through `front` inside its container.

front() {
  local id
  id=$(containers nginx | tail -n 1)
  [ -n "$id" ] || { warn "nginx does not run"; return 1; }
  docker exec "$id" front "$@"
}

# Where this machine reaches it.
url() {
  local release=$1
  if [ -n "$(env_of "$release" NGINX_CERTIFICATE)" ]; then
    echo "https://127.0.0.1:$(env_of "$release" COLLABRY_HTTPS_PORT | grep . || echo 443)"
  else
    echo "http://127.0.0.1:$(env_of "$release" COLLABRY_HTTP_PORT | grep . || echo 80)"
  fi
}

# request RELEASE curl arguments…, the last one a path. The certificate is not made out for 127.0.0.1.
request() {
  local release=$1 host
  shift
  host=$(env_of "$release" NGINX_SERVER_NAME)
  curl --silent --insecure --max-time 30 ${host:+--header "Host: $host"} "${@:1:$#-1}" "$(url "$release")${!#}"
}

# Whether nginx runs; starts it when it does not.
ensure_front() {
  local id
  id=$(containers nginx | tail -n 1)
  if [ -z "$id" ]; then
    compose_quietly "$1" up -d --no-deps --no-recreate nginx || return 1
    id=$(containers nginx | tail -n 1)
    [ -n "$id" ] || { warn "nginx does not start"; return 1; }
  fi
  wait_healthy "$id"
}

# Has the running nginx serve the web client and configuration of a release.
roll_front() {
  local release=$1 image
  step "nginx: web client and configuration of $release"
  image=$(image_of "$release" nginx)
  docker run --rm --network none --volume "${PROJECT}_front:/srv/front" "$image" install "$release" || return 1
  ensure_front "$release" || return 1
  [ "$(front site)" = "$release" ] || front use "$release" || return 1
  if [ "$(inspect "$(containers nginx | tail -n 1)" '{{.Image}}')" != "$image" ]; then
    say "nginx itself is of an older image; './deploy.sh front' replaces it when a second without service does no harm"
  fi
}

# Requests through nginx until one was answered by that replica, as nginx's own log says.
verify_through_front() {
  local release=$1 address=$2 since id
  front sockets "$address" >"$STATE/sockets" || return 1
  since=$(date -u +%Y-%m-%dT%H:%M:%S)
  id=$(containers nginx | tail -n 1)
  for _ in $(seq 60); do
    request "$release" --output /dev/null /api/openapi.json || true
    if docker logs --since "$since" "$id" 2>/dev/null | grep -F '"path":"/api/openapi.json","status":200' |
      sed 's/.*"upstream":"\([^"]*\)".*/\1/' | grep -qxF -f "$STATE/sockets"; then return 0; fi
  done
  warn "no request through nginx was answered by $address"
  return 1
}

# The container itself, for a new nginx: its port is closed for about a second.
replace_front() {
  local release
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  step "replace nginx"
  local old
  old=$(containers nginx -a)
  for id in $old; do remove "$id"; done
  ensure_front "$release" || fail "nginx does not come back; see ./deploy.sh logs nginx"
}
