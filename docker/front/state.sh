# shellcheck shell=bash disable=SC2034
# Paths, output, and waiting.

RUN=${COLLABRY_FRONT_RUN:-/run/front}     # gone with the container
SITES=${COLLABRY_FRONT_SITES:-/srv/front} # a volume
IMAGE=/usr/share/collabry
CONF=$RUN/nginx       # what nginx reads
SERVING=$RUN/serving  # nginx's current list of replicas
SERVED=$RUN/site      # the release that nginx serves
LEFT_OUT=$RUN/left-out
HOLD=$RUN/hold        # while it exists, the only addresses that may be added
CURRENT=$SITES/current

say() { echo "front: $*" >&2; }

# wait_for SECONDS WHAT COMMAND…: polls until the command succeeds.
wait_for() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    if [ "$SECONDS" -ge "$until" ]; then
      say "timed out before $what"
      return 1
    fi
    sleep 0.1
  done
}
