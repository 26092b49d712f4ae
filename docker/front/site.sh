# shellcheck shell=bash
# The web client and nginx's configuration, by release, in a volume: a new release is taken up by the running nginx,
# without closing its port for a moment.

# Releases that are kept: the one before may be asked for again.
KEPT=4

current_site() { basename "$(readlink "$CURRENT")"; }

install_site() {
  local release=$1 to=$SITES/releases/$1
  [ ! -d "$to" ] || return 0
  mkdir -p "$SITES/releases"
  rm -rf "$to.new"
  mkdir "$to.new"
  cp -r "$IMAGE/web" "$IMAGE/nginx" "$to.new"
  (cd "$to.new/web" && find assets -type f) >"$to.new/own-assets"
  # Pages of the release before are still open somewhere, and ask for what they are made of.
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

# render SITE FOLDER ADDRESS…
render() {
  local site=$1 folder=$2
  shift 2
  # Nobody listens there: nginx says itself that the service is away.
  [ $# -gt 0 ] || set -- 127.0.0.1:1
  NGINX_API_SERVERS="$*" NGINX_WEB_DIR="$site/web" bash "$site/nginx/render.sh" "$folder" &&
    nginx -e stderr -q -t -p "$folder" -c nginx.conf
}

serves_site() { [ "$(cat "$SERVED")" = "$1" ]; }

use_site() {
  local site=$SITES/releases/$1 trial=$RUN/trial
  [ -d "$site" ] || { say "$1 is not installed"; return 1; }
  render "$site" "$trial" || { say "nginx does not accept the configuration of $1"; return 1; }
  rm -rf "$trial"
  ln -sfn "releases/$1" "$CURRENT.new"
  mv -T "$CURRENT.new" "$CURRENT"
  wait_for 30 "nginx serves $1" serves_site "$1"
}
