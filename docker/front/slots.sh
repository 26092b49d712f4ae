# shellcheck shell=bash disable=SC2154 # `wanted` comes from `look`
# Slots: a fixed number of sockets to which nginx sends requests; a second nginx behind them forwards each slot to one
# replica. When replicas come and go, only the second one is reloaded, which keeps every open connection; reloading the first
# would close idle client connections, and a request may be on its way on one of them.

# Enough to spread requests evenly over any few replicas; more replicas than slots would leave some without requests.
SLOTS=${COLLABRY_FRONT_SLOTS:-12}
SOCKETS=$RUN/slots
PASSING=$RUN/passing  # the replica of each slot: "3 10.0.0.1:5000"
PASS_ON=$RUN/pass-on  # the second nginx's configuration

slot_sockets() { seq -f "unix:$SOCKETS/%g.sock" "$SLOTS" | paste -sd ' '; }
sockets_of() { awk -v address="$1" -v folder="$SOCKETS" '$2 == address { print "unix:" folder "/" $1 ".sock" }' "$PASSING"; }

# Distributes slots evenly: counts differ by one at most. As few slots as possible move, because polling sockets depend on theirs.
share_out() {
  [ ${#wanted[@]} -gt 0 ] || return 0
  printf '%s\n' "${wanted[@]}" | awk -v slots="$SLOTS" -v before="$PASSING" '
    { replica[NR] = $1; ready[$1] = 1 }
    END {
      fair = int(slots / NR)
      larger = slots - fair * NR
      while ((getline line <before) > 0) {
        split(line, part, " ")
        if (!(part[2] in ready) || count[part[2]] > fair || (count[part[2]] == fair && larger == 0)) continue
        if (count[part[2]] == fair) larger--
        owner[part[1]] = part[2]
        count[part[2]]++
      }
      for (slot = 1; slot <= slots; slot++) {
        if (!(slot in owner)) {
          least = replica[1]
          for (n = 2; n <= NR; n++) if (count[replica[n]] < count[least]) least = replica[n]
          owner[slot] = least
          count[least]++
        }
        print slot, owner[slot]
      }
    }'
}

pass_on_config() {
  cat <<CONF
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
worker_processes ${NGINX_WORKERS:-auto};
worker_rlimit_nofile 20000;
# Open connections stay with their replica until they end.
worker_shutdown_timeout 1h;
pid $PASS_ON/nginx.pid;
error_log stderr error;
events {
    worker_connections 8192;
}
stream {
    proxy_connect_timeout 1s;
    proxy_timeout 2h;
CONF
  local slot owner
  while read -r slot owner; do
    echo "    upstream slot$slot {"
    echo "        server $owner max_fails=0;"
    printf '%s\n' "${wanted[@]}" | awk -v owner="$owner" '$1 != owner { print "        server " $1 " backup;" }'
    echo "    }"
    echo "    server { listen unix:$SOCKETS/$slot.sock; proxy_pass slot$slot; }"
  done <"$PASSING"
  echo "}"
}

begin_passing() {
  mkdir -p "$SOCKETS" "$PASS_ON"
  rm -f "$SOCKETS"/*.sock
  share_out >"$PASSING.new" && mv "$PASSING.new" "$PASSING"
  pass_on_config >"$PASS_ON/nginx.conf"
  nginx -e stderr -p "$PASS_ON" -c nginx.conf &
  passing=$!
}

take_up_replicas() {
  local before
  # The old owners are read while the new ones are written.
  share_out >"$PASSING.new" && mv "$PASSING.new" "$PASSING"
  pass_on_config >"$PASS_ON/nginx.conf"
  before=$(workers "$passing")
  kill -HUP "$passing"
  wait_for 10 "nginx applies the list of replicas" none_of "$passing" "$before" || return 0
  printf '%s\n' "${wanted[@]}" | grep . >"$SERVING.new" || true
  mv "$SERVING.new" "$SERVING"
  say "replicas: ${wanted[*]:-none}"
}
