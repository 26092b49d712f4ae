# shellcheck shell=bash disable=SC2154 # parts know each other's variables
# The web client, and nginx's configuration with its settings, by release, in a volume: the running nginx switches to a new
# release without closing its port.

# How many releases to keep: a rollback needs the previous one.
KEPT=4

# Settings that are fixed when a release is installed; the rest belong to the container.
SETTINGS=(NGINX_SERVER_NAME NGINX_CERTIFICATE NGINX_CERTIFICATE_KEY NGINX_PUBLIC_HTTPS_PORT NGINX_TRUSTED_PROXIES COLLABRY_MAX_UPLOAD_MB)

current_site() { basename "$(readlink "$CURRENT")"; }

install_site() {
  local release=$1 to=$SITES/releases/$1 name
  [ ! -d "$to" ] || return 0
  mkdir -p "$SITES/releases"
  rm -rf "$to.new"
  mkdir "$to.new"
  cp -r "$IMAGE/web" "$IMAGE/nginx" "$to.new"
  (cd "$to.new/web" && find assets -type f) >"$to.new/own-assets"
  for name in "${SETTINGS[@]}"; do echo "$name=${!name:-}"; done >"$to.new/settings"
  # Open pages of the previous release still request its files.
  if [ -e "$CURRENT/own-assets" ]; then
    (cd "$CURRENT/web" && xargs -r -a ../own-assets cp -n --parents -t "$to.new/web")
  fi
  mv "$to.new" "$to"
  forget_sites "$release"
}

forget_sites() {
  local old
  find "$SITES/releases" -mindepth 1 -maxdepth 1 -printf '%T@ %f\n' | sort -rn | tail -n +$((KEPT + 1)) | cut -d ' ' -f 2 |
    while read -r old; do
      if [ "$old" != "$1" ] && [ "$old" != "$(current_site 2>/dev/null)" ]; then rm -rf "$SITES/releases/$old"; fi
    done
}

# render SITE FOLDER
render() {
  local settings
  mapfile -t settings <"$1/settings"
  # Through the link, so that a new web client needs no reload of nginx.
  env "${settings[@]}" NGINX_API_SERVERS="$(slot_sockets)" NGINX_WEB_DIR="$CURRENT/web" bash "$1/nginx/render.sh" "$2" &&
    nginx -e stderr -q -t -p "$2" -c nginx.conf
}

# Reloads nginx only if its configuration differs, because a reload closes idle client connections.
take_up_site() {
  local site
  site=$(current_site)
  rm -rf "$RUN/rendered"
  if ! render "$CURRENT" "$RUN/rendered"; then
    say "nginx rejected the configuration of $site; the previous one stays"
    return
  fi
  if ! diff -rq -x tmp -x nginx.pid "$RUN/rendered" "$CONF" >/dev/null; then
    render "$CURRENT" "$CONF"
    reload || return 0
  fi
  certified=$(certificate)
  echo "$site" >"$SERVED"
  say "site $site"
}

reload() {
  local before
  before=$(workers "$nginx")
  kill -HUP "$nginx"
  wait_for 10 "nginx applies the configuration" none_of "$nginx" "$before"
}

# When the certificate and its key were last written. Follows links, which renewals replace.
certificate() {
  local files
  mapfile -t files < <(sed -nE 's/^NGINX_CERTIFICATE(_KEY)?=(.+)/\2/p' "$CURRENT/settings")
  [ ${#files[@]} -eq 0 ] || stat -L -c %Y "${files[@]}" 2>/dev/null || true
}

# Applies a renewed certificate. If only one of the two files is new, nginx rejects it, and it is tried again with the other.
# shellcheck disable=SC2034 # for `run`
take_up_certificate() {
  local now
  now=$(certificate)
  if nginx -e stderr -q -t -p "$CONF" -c nginx.conf; then
    reload || return 0
    say "the certificate was renewed"
  else
    say "nginx rejected the certificate; the previous one stays"
  fi
  certified=$now
}

serves_site() { [ "$(cat "$SERVED")" = "$1" ]; }

use_site() {
  local site=$SITES/releases/$1 trial=$RUN/trial
  [ -d "$site" ] || { say "$1 is not installed"; return 1; }
  render "$site" "$trial" || { say "nginx rejected the configuration of $1"; return 1; }
  rm -rf "$trial"
  ln -sfn "releases/$1" "$CURRENT.new"
  mv -T "$CURRENT.new" "$CURRENT"
  wait_for 30 "nginx serves $1" serves_site "$1"
}
