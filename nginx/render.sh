#!/usr/bin/env bash
# Writes a complete nginx configuration into a folder: `nginx/render.sh FOLDER`, then `nginx -p FOLDER -c nginx.conf`.
# Settings are environment variables; docs/operations.md explains them.
set -euo pipefail

fail() {
  echo "render.sh: $*" >&2
  exit 64
}

[ $# -eq 1 ] || fail "usage: nginx/render.sh FOLDER"
command -v envsubst >/dev/null || fail "envsubst is missing; on Debian or Ubuntu: apt-get install gettext-base"
source=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)

: "${NGINX_API_SERVERS:?the api replicas, for example: 10.0.0.1:5000 10.0.0.2:5000}"
: "${NGINX_WEB_DIR:?the built web client, for example: /srv/collabry/web}"
: "${NGINX_HTTP_LISTEN:=80}" "${NGINX_HTTPS_LISTEN:=443}" "${NGINX_STATUS_LISTEN:=127.0.0.1:8089}"
: "${NGINX_CERTIFICATE:=}" "${NGINX_CERTIFICATE_KEY:=}" "${NGINX_SERVER_NAME:=_}" "${NGINX_ACME_DIR:=/var/www/acme}"
: "${NGINX_PUBLIC_HTTPS_PORT:=}" "${NGINX_TRUSTED_PROXIES:=}" "${NGINX_ACCESS_LOG:=/dev/stdout}" "${NGINX_USER:=www-data}"
PUBLIC_HTTPS_PORT=
: "${NGINX_CONNECTIONS_PER_ADDRESS:=1000}" "${NGINX_REQUESTS_PER_SECOND:=200}"
: "${NGINX_RELOAD_GRACE:=30s}" "${NGINX_WORKERS:=auto}" "${COLLABRY_MAX_UPLOAD_MB:=50}"

# Prints one directive for each word of a list separated by spaces or commas.
each() {
  local format=$1 word
  shift
  # shellcheck disable=SC2048,SC2086 # a list is one word to whoever sets it
  for word in ${*//,/ }; do
    [[ $word =~ ^[][A-Za-z0-9_.:/-]+$ ]] || fail "$word is not an address"
    # shellcheck disable=SC2059 # the format is ours
    printf "$format\n" "$word"
  done
}

for name in NGINX_CONNECTIONS_PER_ADDRESS NGINX_REQUESTS_PER_SECOND; do
  [[ ${!name} =~ ^[1-9][0-9]{0,4}$ && ${!name} -lt 65536 ]] || fail "$name must be a whole number from 1 to 65535, not ${!name}"
done
# A page with all its files and streams sends many requests at once.
NGINX_REQUEST_BURST=$((NGINX_REQUESTS_PER_SECOND * 10))

[[ $COLLABRY_MAX_UPLOAD_MB =~ ^[1-9][0-9]{0,5}$ ]] || fail "COLLABRY_MAX_UPLOAD_MB must be a whole number of megabytes, not $COLLABRY_MAX_UPLOAD_MB"
[ -f "$NGINX_WEB_DIR/index.html" ] ||
  fail "NGINX_WEB_DIR: there is no index.html in $NGINX_WEB_DIR; build the web client (make web), or name the folder that contains it"
if [ -n "$NGINX_CERTIFICATE$NGINX_CERTIFICATE_KEY" ]; then
  [[ -n $NGINX_CERTIFICATE && -n $NGINX_CERTIFICATE_KEY ]] || fail "NGINX_CERTIFICATE and NGINX_CERTIFICATE_KEY go together; one of them is not set"
  # The port to which browsers are redirected: the public one, which may differ from the one nginx listens on.
  port=${NGINX_PUBLIC_HTTPS_PORT:-${NGINX_HTTPS_LISTEN%%[ ,]*}}
  port=${port##*[:\]]}
  [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || port=443
  [ "$port" = 443 ] || PUBLIC_HTTPS_PORT=:$port
fi
# Two failures within the window take a replica out for the same time; a refused connection is detected at once and costs nothing.
API_SERVERS=$(each '    server %s max_fails=2 fail_timeout=1s;' "$NGINX_API_SERVERS")
LASTING_SERVERS=$(each '    server %s max_fails=0;' "$NGINX_API_SERVERS")
HTTP_LISTEN=$(each '    listen %s;' "$NGINX_HTTP_LISTEN")
HTTPS_LISTEN=$(each '    listen %s ssl http2;' "$NGINX_HTTPS_LISTEN")
STATUS_LISTEN=$(each '    listen %s;' "$NGINX_STATUS_LISTEN")
TRUSTED_PROXIES=$(each '    set_real_ip_from %s;' "$NGINX_TRUSTED_PROXIES")
# The api limits the file itself, with a clear error; the extra megabyte is for the form around it.
UPLOAD_LIMIT=$((COLLABRY_MAX_UPLOAD_MB + 1))m
# The log for nginx/metrics.mtail.
COUNTED_LOG=$(each '    access_log syslog:server=%s,nohostname,tag=collabry collabry_counted;' "${NGINX_COUNT_TO:-}")
# Only root can change the user.
USER_LINE=$([ "$(id -u)" -ne 0 ] || echo "user $NGINX_USER;")
[ -n "$NGINX_CERTIFICATE" ] && SERVERS=tls.conf || SERVERS=plain.conf
export COUNTED_LOG API_SERVERS LASTING_SERVERS PUBLIC_HTTPS_PORT COLLABRY_MAX_UPLOAD_MB HTTP_LISTEN HTTPS_LISTEN STATUS_LISTEN TRUSTED_PROXIES UPLOAD_LIMIT USER_LINE SERVERS
export NGINX_CONNECTIONS_PER_ADDRESS NGINX_REQUESTS_PER_SECOND NGINX_REQUEST_BURST
export NGINX_WORKERS NGINX_WEB_DIR NGINX_CERTIFICATE NGINX_CERTIFICATE_KEY NGINX_SERVER_NAME NGINX_ACME_DIR NGINX_ACCESS_LOG NGINX_RELOAD_GRACE

# List the names, because nginx has its own variables.
# shellcheck disable=SC2016 # for envsubst
names=$(printf '${%s} ' COUNTED_LOG API_SERVERS LASTING_SERVERS PUBLIC_HTTPS_PORT COLLABRY_MAX_UPLOAD_MB HTTP_LISTEN HTTPS_LISTEN STATUS_LISTEN TRUSTED_PROXIES UPLOAD_LIMIT USER_LINE SERVERS \
  NGINX_CONNECTIONS_PER_ADDRESS NGINX_REQUESTS_PER_SECOND NGINX_REQUEST_BURST NGINX_WORKERS NGINX_WEB_DIR NGINX_CERTIFICATE NGINX_CERTIFICATE_KEY NGINX_SERVER_NAME NGINX_ACME_DIR NGINX_ACCESS_LOG NGINX_RELOAD_GRACE)
for template in "$source"/*.template; do
  name=$(basename "$template" .template)
  envsubst "$names" <"$template" >"$out/$name"
done
cp "$source"/*.conf "$out"
mkdir -p "$out/tmp"
