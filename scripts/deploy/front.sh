# shellcheck shell=bash
# Controls the running nginx through `front` inside its container.

front() {
  local id
  id=$(containers nginx | tail -n 1)
  [ -n "$id" ] || { warn "nginx is not running"; return 1; }
  docker exec "$id" front "$@"
}

# The address at which this machine reaches nginx, by the settings it serves now: it gets a new release's after the apis.
url() {
  local scheme=http port=8080
  if [ -n "$(served NGINX_CERTIFICATE)" ]; then scheme=https port=8443; fi
  echo "$scheme://127.0.0.1:$(inspect "$(containers nginx | tail -n 1)" "{{(index (index .NetworkSettings.Ports \"$port/tcp\") 0).HostPort}}")"
}

# A setting of the release whose web client nginx serves.
served() { env_of "$(front site)" "$1"; }

# Looks up the target of requests once: sets `front_url` and `front_host`.
find_front() {
  front_url=$(url) || return 1
  # The first name of several; `_` stands for any.
  read -r front_host _ <<<"$(served NGINX_SERVER_NAME)"
  [ "$front_host" != _ ] || front_host=
}

# request CURL-ARGUMENT… PATH. The certificate is not valid for 127.0.0.1.
request() {
  curl --silent --insecure --max-time 30 ${front_host:+--header "Host: $front_host"} "${@:1:$#-1}" "$front_url${!#}"
}

# Starts nginx unless it is running.
ensure_front() {
  local id
  id=$(containers nginx | tail -n 1)
  if [ -z "$id" ]; then
    compose_quietly "$1" up -d --no-deps --no-recreate nginx || return 1
    id=$(containers nginx | tail -n 1)
    [ -n "$id" ] || { warn "nginx does not start"; return 1; }
  fi
  wait_healthy "$id" || return 1
  # A new container serves the files of its image until a release is installed.
  [ -d "$STATE/releases/$(front site)" ] || install_front "$1"
}

# Installs a release's web client and configuration for nginx, and makes nginx serve them.
install_front() {
  local release=$1 name settings=()
  for name in NGINX_SERVER_NAME NGINX_CERTIFICATE NGINX_CERTIFICATE_KEY NGINX_TRUSTED_PROXIES COLLABRY_MAX_UPLOAD_MB; do
    settings+=(--env "$name=$(env_of "$release" "$name")")
  done
  # The public port, also for an older container, which does not know it.
  settings+=(--env "NGINX_PUBLIC_HTTPS_PORT=$(env_of "$release" COLLABRY_HTTPS_PORT | grep . || echo 443)")
  docker run --rm --network none --volume "${PROJECT}_front:/srv/front" "${settings[@]}" "$(image_of "$release" nginx)" \
    install "$release" || return 1
  [ "$(front site)" = "$release" ] || front use "$release"
}

roll_front() {
  local release=$1 image
  step "nginx: web client and configuration of $release"
  image=$(image_of "$release" nginx)
  ensure_front "$release" || return 1
  install_front "$release" || return 1
  if [ "$(inspect "$(containers nginx | tail -n 1)" '{{.Image}}')" != "$image" ]; then
    say "nginx itself runs an older image; './deploy.sh front' replaces it, with about a second of downtime"
  fi
}

# Lines of nginx's log to search: other clients' requests are in it as well.
VERIFIED_LINES=20000

# Sends requests through nginx until, by nginx's own log, that replica has answered one.
verify_through_front() {
  local address=$1 since id front_url front_host
  find_front || return 1
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  id=$(containers nginx | tail -n 1)
  for _ in $(seq 10); do
    front sockets "$address" >"$STATE/sockets" || return 1
    # One for each socket, if there is no other traffic.
    for _ in $(seq "$SLOTS"); do request --output /dev/null /api/openapi.json || true; done
    if docker logs --since "$since" --tail "$VERIFIED_LINES" "$id" 2>/dev/null | grep -F '"path":"/api/openapi.json","status":200' |
      sed 's/.*"upstream":"\([^"]*\)".*/\1/' | grep -xF -f "$STATE/sockets" >/dev/null; then return 0; fi
  done
  warn "$address answered no request through nginx"
  return 1
}

# Replaces the container, for a new nginx: its port is closed for about a second.
replace_front() {
  local release
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  step "replace nginx"
  local old
  old=$(containers nginx -a)
  for id in $old; do remove "$id"; done
  ensure_front "$release" || fail "nginx did not come back; see ./deploy.sh logs nginx"
}
