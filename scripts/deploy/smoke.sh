# shellcheck shell=bash
# The whole job once, through nginx, as somebody who exists for this only: sign in, upload, ask, hear the answer to its end,
# delete.

SMOKE_EMAIL=smoke-test@collabry.invalid

smoke() {
  step "smoke test"
  local release=$1 token notebook source conversation generation
  # Nothing in it belongs to anybody else, and nothing of it stays.
  sign_in || return 1
  notebook=$(create /api/notebooks '{"title":"Smoke test"}' id) || return 1
  if smoke_in_notebook; then
    call DELETE "/api/notebooks/$notebook" >/dev/null || return 1
    say "signed in, uploaded, asked, was answered, deleted"
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
    *) warn "the smoke test got no whole answer: ${answer: -300}"; return 1 ;;
  esac
  case $answer in
    *1907*) ;;
    *) warn "the smoke test was not answered from its source: ${answer: -300}"; return 1 ;;
  esac
}

sign_in() {
  local password answer credentials
  if [ ! -s "$STATE/smoke-password" ]; then
    (umask 077 && head -c 24 /dev/urandom | base64 >"$STATE/smoke-password")
  fi
  password=$(cat "$STATE/smoke-password")
  token=
  credentials="\"email\":\"$SMOKE_EMAIL\",\"password\":\"$password\""
  if ! answer=$(call POST /api/auth/login --json "{$credentials}" 2>/dev/null); then
    answer=$(call POST /api/auth/register --json "{$credentials,\"name\":\"Smoke test\"}") || return 1
  fi
  token=$(field accessToken "$answer")
  [ -n "$token" ] || { warn "the smoke test is not signed in"; return 1; }
}

wait_read() {
  local answer until=$((SECONDS + 60))
  while [ "$SECONDS" -lt "$until" ]; do
    answer=$(call GET "/api/sources/$source") || return 1
    case $answer in
      *'"step":"ready"'*) return ;;
      *'"step":"failed"'*) warn "the smoke test's source was not read: $answer"; return 1 ;;
    esac
    sleep 0.3
  done
  warn "the smoke test's source was not read within 60 s: $answer"
  return 1
}

# call METHOD PATH [curl argument…]: the body of a good answer.
call() {
  local method=$1 path=$2 answer status arguments=()
  shift 2
  [ -z "$token" ] || arguments+=(--header "Authorization: Bearer $token")
  while [ $# -gt 0 ]; do
    # As in newer versions of curl.
    if [ "$1" = --json ]; then
      arguments+=(--header "Content-Type: application/json" --data "$2")
      shift 2
    else
      arguments+=("$1")
      shift
    fi
  done
  answer=$(request "$release" --request "$method" --write-out '\n%{http_code}' "${arguments[@]}" "$path") || true
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

# The first string with that name. Our own answers are short and flat enough for it.
field() { sed -n "s/^\"$1\":\"\([^\"]*\)\".*/\1/p" <<<"${2/\"$1\":/$'\n'\"$1\":}" | head -n 1; }
