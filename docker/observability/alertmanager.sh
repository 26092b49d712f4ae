#!/bin/sh
# Alertmanager, with whom to tell from the environment: `alertmanager.sh FOLDER [option…]`. In a container, and by hand with
# ALERTMANAGER=prometheus-alertmanager (Debian's name of it).
#   ALERT_WEBHOOK        an address that gets each alert by POST, as of a pager or a chat
#   ALERT_MAIL_TO        who gets a mail
#   ALERT_MAIL_FROM      whose mail it is
#   ALERT_SMTP           the mail server, as smtp.example.org:587
#   ALERT_SMTP_USER, ALERT_SMTP_PASSWORD
#   ALERT_SMTP_TLS       false: a server inside that has no TLS
set -eu
umask 077
folder=$1
shift

fail() {
  echo "alertmanager.sh: $*" >&2
  exit 64
}
# A text in YAML.
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/''/g")"; }

webhook=${ALERT_WEBHOOK:-} mail=${ALERT_MAIL_TO:-}
[ -n "$webhook$mail" ] || fail "alerts would reach nobody: set ALERT_WEBHOOK or ALERT_MAIL_TO"
if [ -n "$mail" ]; then
  [ -n "${ALERT_SMTP:-}" ] || fail "ALERT_MAIL_TO needs ALERT_SMTP, as smtp.example.org:587"
  [ -n "${ALERT_MAIL_FROM:-}" ] || fail "ALERT_MAIL_TO needs ALERT_MAIL_FROM"
fi

mkdir -p "$folder/data"
{
  cat <<'YAML'
# Written by alertmanager.sh; change that.
route:
  receiver: people
  group_by: [installation, alertname]
  group_wait: ${WAIT}
  group_interval: ${WAIT}
  # Said again as long as it is so.
  repeat_interval: 4h
  routes:
    - matchers: [severity="ticket"]
      receiver: people
      repeat_interval: 1d
    - matchers: [severity="note"]
      receiver: people
      repeat_interval: 7d
inhibit_rules:
  # The larger one says it.
  - source_matchers: [alertname="CollabryNoReplica"]
    target_matchers: [alertname="CollabryFrontFails"]
    equal: [installation]
  - source_matchers: [alertname="CollabryRedisDown"]
    target_matchers: [alertname="CollabryRedisFails"]
    equal: [installation, instance]
  - source_matchers: [alertname="CollabryRedisFull"]
    target_matchers: [alertname="CollabryRedisFills"]
    equal: [installation]
receivers:
  - name: people
YAML
  if [ -n "$webhook" ]; then
    printf '    webhook_configs:\n      - url: %s\n        send_resolved: true\n' "$(quoted "$webhook")"
  fi
  if [ -n "$mail" ]; then
    printf '    email_configs:\n      - to: %s\n        from: %s\n        smarthost: %s\n        send_resolved: true\n' \
      "$(quoted "$mail")" "$(quoted "$ALERT_MAIL_FROM")" "$(quoted "$ALERT_SMTP")"
    printf '        require_tls: %s\n' "${ALERT_SMTP_TLS:-true}"
    if [ -n "${ALERT_SMTP_USER:-}" ]; then
      printf '        auth_username: %s\n        auth_password: %s\n' \
        "$(quoted "$ALERT_SMTP_USER")" "$(quoted "${ALERT_SMTP_PASSWORD:-}")"
    fi
  fi
} | sed "s/\${WAIT}/${ALERT_WAIT:-30s}/" >"$folder/alertmanager.yml"

exec "${ALERTMANAGER:-alertmanager}" --config.file="$folder/alertmanager.yml" --storage.path="$folder/data" "$@"
