# shellcheck shell=bash
# Finds the api replicas, and decides which of them get requests.

API=${COLLABRY_FRONT_API:-api:5000}
READY_PORT=${COLLABRY_FRONT_READY_PORT:-5001}
# A slow replica stays until this many checks in a row have timed out.
MAX_TIMEOUTS=3
# A hold expires unless it is renewed within this time.
HOLD_MINUTES=10

declare -A slow=()

# The addresses to which the name resolves now.
found() {
  local name=${API%:*} port=${API##*:}
  getent ahostsv4 "$name" | awk -v port="$port" '!seen[$1]++ { print $1 ":" port }' | sort || true
}

# Exit code 0: /ready returns 200. 124: timeout. Anything else: not ready, or nothing listens.
ready() {
  # shellcheck disable=SC2016 # for the inner shell
  timeout 2 bash -c '
    exec 3<>"/dev/tcp/$1/$2" || exit 1
    printf "GET /ready HTTP/1.1\r\nHost: front\r\nConnection: close\r\n\r\n" >&3
    read -r _ status _ <&3 && [ "$status" = 200 ]' ready "${1%:*}" "$READY_PORT" 2>/dev/null
}

held() { [ -e "$HOLD" ] && [ -z "$(find "$HOLD" -mmin +$HOLD_MINUTES)" ]; }

# The addresses that may get requests if they are ready.
candidates() {
  local address
  while read -r address; do
    if grep -qsxF "$address" "$LEFT_OUT"; then continue; fi
    if held && ! grep -qxF "$address" "$HOLD"; then continue; fi
    echo "$address"
  done < <(found)
}

# Sets `wanted`: the ready replicas. If none is ready, or DNS fails, the list stays as it was: the replicas' own responses
# explain best what is wrong.
look() {
  local address code
  local -A asked=()
  mapfile -t all < <(candidates)
  wanted=()
  for address in "${all[@]}"; do
    ready "$address" &
    asked[$address]=$!
  done
  for address in "${all[@]}"; do
    code=0
    wait "${asked[$address]}" || code=$?
    case $code in
      0) slow[$address]=0 ;;
      124) slow[$address]=$((${slow[$address]:-0} + 1)) ;;
      *) slow[$address]=$MAX_TIMEOUTS ;;
    esac
    if [ "$code" -eq 0 ] || { [ "${slow[$address]}" -lt $MAX_TIMEOUTS ] && serves "$address"; }; then
      wanted+=("$address")
    fi
  done
  if [ ${#wanted[@]} -eq 0 ]; then
    mapfile -t wanted <"$SERVING"
  fi
}

# A replica that was left out and is gone may be replaced by another at the same address.
forget_the_gone() {
  [ -s "$LEFT_OUT" ] || return 0
  found | grep -xF -f "$LEFT_OUT" >"$LEFT_OUT.new" || true
  mv "$LEFT_OUT.new" "$LEFT_OUT"
}

serves() { grep -qxF "$1" "$SERVING"; }
serves_not() { ! serves "$1"; }
serves_exactly() { [ "$(sort "$SERVING")" = "$(printf '%s\n' "$@" | sort)" ]; }

leave_out() {
  if [ "$(cat "$SERVING")" = "$1" ]; then
    say "$1 is the only replica"
    return 1
  fi
  echo "$1" >>"$LEFT_OUT"
  wait_for 30 "requests to $1 stop" serves_not "$1"
}

# The address may have been left out for a previous replica.
take_in() {
  if [ -e "$LEFT_OUT" ]; then
    grep -vxF "$1" "$LEFT_OUT" >"$LEFT_OUT.without" || true
    mv "$LEFT_OUT.without" "$LEFT_OUT"
  fi
  wait_for 30 "requests go to $1" serves "$1"
}

switch_to() {
  printf '%s\n' "$@" >"$HOLD.new"
  mv "$HOLD.new" "$HOLD"
  wait_for 60 "requests go to $*" serves_exactly "$@"
}
