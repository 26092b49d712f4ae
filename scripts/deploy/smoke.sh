# shellcheck shell=bash
# Runs the whole user journey once, through nginx, with an account of its own: sign in, upload, ask, read the answer to its end,
# delete.

smoke() {
  step "smoke test"
  # shellcheck disable=SC2034 # for `request`
  local token notebook source conversation generation front_url front_host
  find_front || return 1
  # It touches nobody else's data. It leaves its account, a session until that expires, and the deleted notebook for
# COLLABRY_RETENTION_DAYS.
  sign_in || return 1
  notebook=$(create /api/notebooks '{"title":"Smoke test"}' id) || return 1
  if smoke_in_notebook; then
    call DELETE "/api/notebooks/$notebook" >/dev/null || return 1
    say "signed in, uploaded, asked, got an answer, deleted"
    return
  fi
  call DELETE "/api/notebooks/$notebook" >/dev/null || true
  return 1
}

smoke_in_notebook() {
  local answer
  answer=$(call POST "/api/notebooks/$notebook/sources" \
    --form 'file=The gatehouse of the smoke test was painted vermilion in 1907.;filename=gatehouse.txt;type=text/plain') ||
    return 1
  source=$(field id "$answer")
  wait_read || return 1
  conversation=$(create "/api/notebooks/$notebook/conversations" '{}' id) || return 1
  generation=$(create "/api/conversations/$conversation/messages" \
    "{\"clientId\":\"$(cat /proc/sys/kernel/random/uuid)\",\"content\":\"When was the gatehouse painted?\",\"ask\":true}" \
    generationId) || return 1
  answer=$(call GET "/api/ai/generations/$generation/events" --no-buffer --max-time 60) || return 1
  case $answer in
    *"event: done"* | *"event:done"*) ;;
    *) warn "the smoke test got an incomplete answer: ${answer: -300}"; return 1 ;;
  esac
  case $answer in
    *1907*) ;;
    *) warn "the smoke test's answer does not come from its source: ${answer: -300}"; return 1 ;;
  esac
}

random_hex() { head -c "$1" /dev/urandom | od -A n -t x1 | tr -d ' \n'; }

# One account per installation: another one with the same database does not know its password.
smoke_account() {
  if [ ! -s "$STATE/smoke-account" ]; then
    mark smoke-account "\"email\":\"smoke-test-$(random_hex 4)@collabry.invalid\",\"password\":\"$(random_hex 24)\""
  fi
  marked smoke-account
}

# Sign-in limits apply to it as to everybody. After too many attempts, the last session is still valid.
sign_in() {
  local answer credentials
  credentials=$(smoke_account)
  token=
  if answer=$(call POST /api/auth/login --json "{$credentials}" 2>"$STATE/smoke-refusal"); then
    token=$(field accessToken "$answer")
  elif grep -q 'got 429' "$STATE/smoke-refusal"; then
    token=$(cat "$STATE/smoke-token" 2>/dev/null || true)
  else
    # Over HTTP if registration is open; otherwise on the command line, which can always create accounts.
    if ! answer=$(call POST /api/auth/register --json "{$credentials,\"name\":\"Smoke test\"}" 2>>"$STATE/smoke-refusal"); then
      COLLABRY_ACCOUNT_PASSWORD=$(field password "{$credentials}")
      export COLLABRY_ACCOUNT_PASSWORD
      compose_quietly "$(marked target | grep . || marked current)" run --rm --no-deps -T -e COLLABRY_ACCOUNT_PASSWORD \
        api account add "$(field email "{$credentials}")" --name "Smoke test" || { cat "$STATE/smoke-refusal" >&2; return 1; }
      answer=$(call POST /api/auth/login --json "{$credentials}") || return 1
    fi
    token=$(field accessToken "$answer")
  fi
  [ -n "$token" ] || { warn "the smoke test could not sign in"; cat "$STATE/smoke-refusal" >&2; return 1; }
  (umask 077 && echo "$token" >"$STATE/smoke-token")
}

wait_read() {
  local answer until=$((SECONDS + READY_SECS))
  while [ "$SECONDS" -lt "$until" ]; do
    answer=$(call GET "/api/sources/$source") || return 1
    case $answer in
      *'"step":"ready"'*) return ;;
      *'"step":"failed"'*) warn "the smoke test's source was not read: $answer"; return 1 ;;
    esac
    sleep 0.3
  done
  warn "the smoke test's source was not read within $READY_SECS s: $answer"
  return 1
}

# call METHOD PATH [CURL-ARGUMENT…]: prints the body of a successful response. Token and password go through pipes, because
# everybody on the machine can list arguments.
call() {
  local method=$1 path=$2 answer status body='' arguments=()
  shift 2
  [ -z "$token" ] || arguments+=(--header @/dev/fd/3)
  while [ $# -gt 0 ]; do
    # As newer versions of curl do.
    if [ "$1" = --json ]; then
      arguments+=(--header "Content-Type: application/json" --data @-)
      body=$2
      shift 2
    else
      arguments+=("$1")
      shift
    fi
  done
  answer=$(request --request "$method" --write-out '\n%{http_code}' "${arguments[@]}" "$path" \
    <<<"$body" 3<<<"Authorization: Bearer $token") || true
  status=${answer##*$'\n'}
  answer=${answer%$'\n'*}
  if [[ $status != 2* ]]; then
    warn "the smoke test got $status for $method $path: ${answer:0:300}"
    return 1
  fi
  echo "$answer"
}

# create PATH JSON FIELD
create() {
  local answer
  answer=$(call POST "$1" --json "$2") || return 1
  field "$3" "$answer"
}

# The first string field with that name. Our own responses are short and flat enough for this.
field() { sed -n "s/^\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"${2/\"$1\":/$'\n'\"$1\":}" | head -n 1; }
