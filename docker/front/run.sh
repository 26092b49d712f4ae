# shellcheck shell=bash disable=SC2154 # `wanted` comes from `look`
# The container's life: nginx in the background, and a look around twice a second.

PAUSE=0.5

# Workers that take requests, and not those that only finish theirs.
workers() {
  local folder name
  for folder in /proc/[0-9]*; do
    read -r -d '' name <"$folder/cmdline" 2>/dev/null || true
    if [[ $name == "nginx: worker process"* && $name != *"shutting down"* ]]; then echo "${folder#/proc/}"; fi
  done | sort
}

none_of() { [ -z "$(comm -12 <(workers) <(echo "$1"))" ]; }

# The new list and site, and back only when new workers have taken over.
take_up() {
  local site before
  site=$(current_site)
  if ! render "$CURRENT" "$CONF" "${wanted[@]}"; then
    say "nginx does not accept the configuration; the one before stays"
    return
  fi
  before=$(workers)
  kill -HUP "$nginx"
  wait_for 10 "nginx has taken up the configuration" none_of "$before" || return 0
  serving "$site"
}

serving() {
  printf '%s\n' "${wanted[@]}" | grep . >"$SERVING.new" || true
  mv "$SERVING.new" "$SERVING"
  echo "$1" >"$SERVED"
  say "site $1, replicas: ${wanted[*]:-none}"
}

begin() {
  umask 027
  mkdir -p "$CONF"
  rm -f "$LEFT_OUT" "$HOLD"
  : >"$SERVING"
  [ -e "$CURRENT/web" ] || { install_site image && ln -sfn releases/image "$CURRENT"; }
  look
  render "$CURRENT" "$CONF" "${wanted[@]}"
  nginx -e stderr -p "$CONF" -c nginx.conf &
  nginx=$!
  serving "$(current_site)"
}

# Those that were left out and are gone may come back under the same address.
forget_the_gone() {
  [ -s "$LEFT_OUT" ] || return 0
  found | grep -xF -f "$LEFT_OUT" >"$LEFT_OUT.new" || true
  mv "$LEFT_OUT.new" "$LEFT_OUT"
}

run() {
  trap 'kill -QUIT "$nginx"; wait "$nginx"; exit 0' TERM INT
  begin
  while kill -0 "$nginx" 2>/dev/null; do
    sleep "$PAUSE" &
    wait $! || true
    forget_the_gone
    look
    if ! serves_exactly "${wanted[@]}" || ! serves_site "$(current_site)"; then take_up; fi
  done
  say "nginx ended"
  exit 1
}

health() {
  exec 3<>"/dev/tcp/127.0.0.1/${COLLABRY_FRONT_HEALTH_PORT:-8080}"
  printf 'GET /health HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n' >&3
  local status
  read -r _ status _ <&3
  [ "$status" = 200 ]
}
