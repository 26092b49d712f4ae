# shellcheck shell=bash disable=SC2154 # parts know each other's variables
# The container's main loop: two nginx in the background, and a check of the replicas twice a second.

PAUSE=0.5

# workers MASTER: the workers that accept requests, without those that are shutting down.
workers() {
  local child name
  for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null || true); do
    read -r -d '' name <"/proc/$child/cmdline" 2>/dev/null || true
    if [[ $name == "nginx: worker process"* && $name != *"shutting down"* ]]; then echo "$child"; fi
  done | sort
}

none_of() { [ -z "$(comm -12 <(workers "$1") <(echo "$2"))" ]; }

begin() {
  umask 027
  mkdir -p "$CONF"
  rm -f "$LEFT_OUT" "$HOLD"
  : >"$SERVING"
  : >"$PASSING"
  [ -e "$CURRENT/web" ] || { install_site image && ln -sfn releases/image "$CURRENT"; }
  look
  begin_passing
  count
  render "$CURRENT" "$CONF"
  nginx -e stderr -p "$CONF" -c nginx.conf &
  nginx=$!
  printf '%s\n' "${wanted[@]}" | grep . >"$SERVING" || true
  current_site >"$SERVED"
  certified=$(certificate)
  say "site $(current_site), replicas: ${wanted[*]:-none}"
}

run() {
  trap end TERM INT
  begin
  while kill -0 "$nginx" 2>/dev/null && kill -0 "$passing" 2>/dev/null; do
    sleep "$PAUSE" &
    wait $! || true
    keep_counting
    forget_the_gone
    look
    if ! serves_exactly "${wanted[@]}"; then take_up_replicas; fi
    if ! serves_site "$(current_site)"; then take_up_site; fi
    if [ "$(certificate)" != "$certified" ]; then take_up_certificate; fi
  done
  say "nginx exited"
  exit 1
}

# Finishes running requests; sockets and long responses are cut after a while, and clients reconnect elsewhere.
end() {
  kill -QUIT "$nginx"
  wait_for 20 "every connection has ended" gone "$nginx" || true
  kill -TERM "$nginx" "$passing" "$counting" 2>/dev/null || true
  exit 0
}

gone() { ! kill -0 "$1" 2>/dev/null; }

health() {
  exec 3<>"/dev/tcp/127.0.0.1/${COLLABRY_FRONT_HEALTH_PORT:-8080}"
  printf 'GET /health HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n' >&3
  local status
  read -r _ status _ <&3
  [ "$status" = 200 ]
}
