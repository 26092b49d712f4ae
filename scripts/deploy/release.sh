# shellcheck shell=bash
# A release: a version's images by id, its settings and its Compose files, kept together so that a rollback restores
# all of them. `current` is the last good release, `target` the one being rolled out.

new_release() {
  local draft=$STATE/draft role id file
  rm -rf "$draft"
  private_folder "$draft"
  cp docker/compose.yml "$draft/1-compose.yml"
  for file in $(setting COLLABRY_COMPOSE_EXTRA); do cp "$file" "$draft/2-$(basename "$file")"; done
  : >"$draft/images"
  for role in "${ROLES[@]}"; do
    id=$(image_id "collabry/$role:$VERSION")
    echo "$role $id" >>"$draft/images"
  done
  release_env >"$draft/env"
  chmod 600 "$draft/env"
  local digest
  digest=$(cat "$draft"/* | sha256sum)
  release=$VERSION-${digest:0:8}
  echo "COLLABRY_RELEASE=$release" >>"$draft/env"
  if [ -d "$STATE/releases/$release" ]; then
    rm -rf "$draft"
  else
    mkdir -p "$STATE/releases"
    mv "$draft" "$STATE/releases/$release"
  fi
  touch "$STATE/releases/$release"
}

# The settings that Compose and the processes receive.
release_env() {
  local role id name
  # The key that decrypts backups is only for reading them (IDENTITY), never for the running system.
  grep -E '^[A-Z][A-Z0-9_]*=.' "$ENV_FILE" | grep -v '^COLLABRY_BACKUP_SECRET_KEY=' || true
  [ -n "$(setting_of_file MONGODB_URI)" ] ||
    echo "MONGODB_URI=mongodb://collabry:$(setting_of_file MONGODB_PASSWORD)@mongodb:27017/collabry?authSource=admin&replicaSet=rs0"
  [ -n "$(setting_of_file REDIS_URL)" ] || echo "REDIS_URL=redis://:$(setting_of_file REDIS_PASSWORD)@redis:6379/0"
  [ -z "$(setting_of_file NGINX_CERTIFICATE)" ] || [ -n "$(setting_of_file COLLABRY_SECURE_COOKIES)" ] || echo COLLABRY_SECURE_COOKIES=true
  while read -r role id; do
    case $role in ai-engine) name=ENGINE ;; *) name=${role^^} ;; esac
    echo "COLLABRY_${name}_IMAGE=$(pinned "$role" "$id")"
  done <"$STATE/draft/images"
}

setting_of_file() { (unset "$1" && setting "$1"); }

images_of() { cat "$STATE/releases/$1/images"; }
image_of() { images_of "$1" | awk -v role="$2" '$1 == role { print $2 }'; }
env_of() { grep -s "^$2=" "$STATE/releases/$1/env" | tail -n 1 | cut -d = -f 2-; }

# The services of the Compose files, recorded by the pre-flight.
services_of() { cat "$STATE/releases/$1/services"; }
engines_of() { services_of "$1" | grep '^ai-engine-' | sort -V; }
others_of() { services_of "$1" | grep -vE '^(ai-engine-.*|api|collabry|mongodb|nginx|redis|worker)$' || true; }

pin_images() {
  local role id
  while read -r role id; do pin "$role" "$id" || return 1; done < <(images_of "$1")
}

marked() { cat "$STATE/$1" 2>/dev/null || true; }
# Atomic: a kill leaves either the old mark or the new one.
mark() {
  echo "$2" >"$STATE/$1.new"
  mv "$STATE/$1.new" "$STATE/$1"
}
unmark() { rm -f "$STATE/$1"; }

# Also removes the names of its version's images, unless they point to other images by now.
forget_release() {
  local images role id
  images=$(images_of "$1")
  rm -rf "${STATE:?}/releases/$1"
  while read -r role id; do
    if [ "$(image_id "collabry/$role:${1%-*}" 2>/dev/null)" = "$id" ] && ! kept_image "$id"; then
      docker rmi "collabry/$role:${1%-*}" >/dev/null 2>&1 || true
    fi
  done <<<"$images"
}

kept_image() { grep -qsF "$1" "$STATE"/releases/*/images; }

# Old releases, and images that no kept release names.
forget_releases() {
  local old tag id
  find "$STATE/releases" -mindepth 1 -maxdepth 1 -printf '%T@ %f\n' | sort -rn | tail -n +$((KEPT_RELEASES + 1)) | cut -d ' ' -f 2 |
    while read -r old; do
      case $old in "$(marked current)" | "$(marked previous)" | "$(marked target)") ;; *) forget_release "$old" ;; esac
    done
  docker images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' --filter "reference=$PROJECT/*:sha-*" |
    while read -r tag id; do
      kept_image "$id" || docker rmi "$tag" >/dev/null 2>&1 || true
    done
}
