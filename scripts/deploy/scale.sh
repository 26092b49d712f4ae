# shellcheck shell=bash
# `./deploy.sh scale api=5`: later deploys keep the number.

scale() {
  local release count
  release=$(marked current)
  [ -n "$release" ] || fail "nothing is deployed"
  [ -z "$(marked target)" ] || fail "a deploy was interrupted; finish it first: ./deploy.sh, or ./deploy.sh rollback"
  case ${1:-} in
    api=[1-9] | api=[1-9][0-9]) count=${1#api=} ;;
    *) warn "usage: ./deploy.sh scale api=5 (to add engines, see docs/operations.md)"; exit "$USAGE" ;;
  esac
  [ "$count" -lt "$SLOTS" ] || fail "$count apis need more than $SLOTS sockets: raise COLLABRY_FRONT_SLOTS, deploy, and ./deploy.sh front"
  mark replicas "$count"
  step "scale api to $count"
  forget_the_dead "$release"
  resize_apis "$release" || fail "not all replicas started"
  front list
}
