#!/usr/bin/env bash
# Runs nginx, and keeps its list of api replicas up to date. In the nginx image, as `front`.
set -euo pipefail

# The image's own files: `front` in the PATH is a link.
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=docker/front/state.sh
. "$here/state.sh"
# shellcheck source=docker/front/replicas.sh
. "$here/replicas.sh"
# shellcheck source=docker/front/slots.sh
. "$here/slots.sh"
# shellcheck source=docker/front/site.sh
. "$here/site.sh"
# shellcheck source=docker/front/count.sh
. "$here/count.sh"
# shellcheck source=docker/front/run.sh
. "$here/run.sh"

usage() {
  cat <<'HELP'
front: nginx with the list of api replicas that are ready.

  front run                 start nginx, and keep its list up to date (what the container does)
  front list                the replicas that get requests, one address per line
  front sockets ADDRESS     the sockets in nginx's log that stand for that replica
  front without ADDRESS     stop sending requests there; returns when nginx has applied it
  front has ADDRESS         send requests there (again); returns when nginx does, and fails if it is not ready
  front hold                add no new replica until `front switch` or `front release`
  front switch ADDRESS…     send requests to exactly these, at once
  front release             end a hold, and include replicas that were left out
  front site                the release whose web client and configuration nginx serves
  front install RELEASE     put this image's web client and configuration into the volume /srv/front
  front use RELEASE         serve that release, if nginx accepts its configuration
  front health              exit code 0 if nginx answers

Settings: COLLABRY_FRONT_API=NAME:PORT is the DNS name of the replicas (default api:5000), COLLABRY_FRONT_READY_PORT the
port on which they serve /ready (5001); the rest as in nginx/render.sh.
HELP
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
  run) run ;;
  list) cat "$SERVING" ;;
  sockets) sockets_of "$1" ;;
  without) leave_out "$1" ;;
  has) take_in "$1" ;;
  hold) cp "$SERVING" "$HOLD" ;;
  switch) switch_to "$@" ;;
  release) rm -f "$HOLD" "$LEFT_OUT" ;;
  site) current_site ;;
  install) install_site "$1" ;;
  use) use_site "$1" ;;
  health) health ;;
  help | --help | -h) usage ;;
  *) usage >&2; exit 64 ;;
esac
