# shellcheck shell=bash
# nginx as it runs: asked, and told, through `front` inside its container.

front() {
  local id
  id=$(containers nginx | tail -n 1)
  [ -n "$id" ] || { warn "nginx does not run"; return 1; }
  docker exec "$id" front "$@"
}

# Where this machine reaches it, by what nginx serves now: it takes up the settings of a new release after the apis.
url() {
  local scheme=http port=8080
  if [ -n "$(served NGINX_CERTIFICATE)" ]; then scheme=https port=8443; fi
  echo "$scheme://127.0.0.1:$(inspect "$(containers nginx | tail -n 1)" "{{(index (index .NetworkSettings.Ports \"$port/tcp\") 0).HostPort}}")"
}

# A setting of the release whose web client is served.
served() { env_of "$(front site)" "$1"; }

# Finds out once where requests go, for many of them: sets `front_url` and `front_host`.
find_front() {
  front_url=$(url) || return 1
  # The first name of several; `_` stands for any.
  read -r front_host _ <<<"$(served NGINX_SERVER_NAME)"
  [ "$front_host" != _ ] || front_host=
}

# request curl arguments…, the last one a path. The certificate is not made out for 127.0.0.1.
request() {
  curl --silent --insecure --max-time 30 ${front_host:+--header "Host: $front_host"} "${@:1:$#-1}" "$front_url${!#}"
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
  wait_healthy "$id" || return 1
  # A new one serves what is in its image until it is told which release that is.
  [ -d "$STATE/releases/$(front site)" ] || install_front "$1"
}

# Puts the web client and the configuration of a release where nginx finds them, and has it serve them.
install_front() {
  local release=$1 name settings=()
  for name in NGINX_SERVER_NAME NGINX_CERTIFICATE NGINX_CERTIFICATE_KEY NGINX_TRUSTED_PROXIES COLLABRY_MAX_UPLOAD_MB; do
    settings+=(--env "$name=$(env_of "$release" "$name")")
  done
  # Where people reach it, also for a container of before, which does not know.
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
    say "nginx itself is of an older image; './deploy.sh front' replaces it when a second without service does no harm"
  fi
}

# Of nginx's log: what others ask meanwhile is in it as well.
VERIFIED_LINES=20000

# Requests through nginx until one was answered by that replica, as nginx's own log says.
verify_through_front() {
  local address=$1 since id front_url front_host
  find_front || return 1
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  id=$(containers nginx | tail -n 1)
  for _ in $(seq 10); do
    front sockets "$address" >"$STATE/sockets" || return 1
    # One for each socket, when nobody else asks.
    for _ in $(seq "$SLOTS"); do request --output /dev/null /api/openapi.json || true; done
    if docker logs --since "$since" --tail "$VERIFIED_LINES" "$id" 2>/dev/null | grep -F '"path":"/api/openapi.json","status":200' |
      sed 's/.*"upstream":"\([^"]*\)".*/\1/' | grep -xF -f "$STATE/sockets" >/dev/null; then return 0; fi
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
