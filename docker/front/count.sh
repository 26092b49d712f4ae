# shellcheck shell=bash disable=SC2154 # parts know each other's variables
# mtail counts nginx's responses and serves the metrics, which nginx itself does not have.

# Only this container sends to it.
export NGINX_COUNT_TO=${NGINX_COUNT_TO:-127.0.0.1:5514}
# How often to report when the certificate expires.
TELL_SECS=30

count() {
  mtail --progs "$IMAGE/nginx/metrics.mtail" --logs "udp://$NGINX_COUNT_TO" --port "${COLLABRY_FRONT_METRICS_PORT:-8090}" \
    --emit_prog_label=false --logtostderr >/dev/null 2>&1 &
  counting=$!
  tell_at=0
}

# Requests are served without metrics, too: restart mtail rather than exit.
keep_counting() {
  kill -0 "$counting" 2>/dev/null || count
  [ "$SECONDS" -ge "$tell_at" ] || return 0
  tell_at=$((SECONDS + TELL_SECS))
  tell_expiry
}

tell_expiry() {
  local file end
  file=$(sed -nE 's/^NGINX_CERTIFICATE=(.+)/\1/p' "$CURRENT/settings")
  [ -n "$file" ] || return 0
  end=$(openssl x509 -noout -enddate -in "$file" 2>/dev/null) || return 0
  echo "<190> collabry: certificate $(date -d "${end#notAfter=}" +%s)" >"/dev/udp/${NGINX_COUNT_TO/://}" || true
}
