#!/bin/sh
# Installs Debian packages and leaves nothing else behind: `apt.sh install PACKAGE…`, or `apt.sh if-source BINARIES
# PACKAGE…`, which does nothing unless binaries are built from source. APT_MIRROR replaces Debian's own address.
set -eu

case $1 in
  install) shift ;;
  if-source) [ "$2" = source ] || exit 0; shift 2 ;;
esac

if [ -n "${APT_MIRROR:-}" ]; then
  for list in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
    [ ! -f "$list" ] || sed -E -i "s|https?://[^/ ]+|$APT_MIRROR|" "$list"
  done
fi
# Read by nobody inside an image.
cat >/etc/dpkg/dpkg.cfg.d/slim <<'SLIM'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/fonts/*
path-exclude /usr/share/X11/*
path-exclude /usr/share/zoneinfo/*
# Signatures of PDFs are not looked at.
path-exclude /usr/lib/*/nss/*
SLIM
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/cache/apt/*.bin /var/cache/debconf /var/cache/ldconfig/aux-cache
