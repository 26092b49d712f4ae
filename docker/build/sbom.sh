#!/bin/sh
# Writes what is in this image, CycloneDX 1.5, to /usr/share/collabry/sbom.cdx.json: `sbom.sh NAME [CRATES]`.
set -eu
mkdir -p /usr/share/collabry
{
  # Licences of Debian's packages are in /usr/share/doc/*/copyright.
  dpkg-query -W -f 'deb/debian|${Package}|${Version}|\n'
  [ -z "${2:-}" ] || sed 's/^/cargo|/' "$2"
} | awk -F '|' -v name="$1" '
  function quoted(text) { gsub(/["\\]/, "\\\\&", text); return "\"" text "\"" }
  BEGIN {
    printf "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\",\"version\":1,"
    printf "\"metadata\":{\"component\":{\"type\":\"container\",\"name\":%s}},\"components\":[", quoted("collabry-" name)
  }
  {
    printf "%s\n{\"type\":\"library\",\"name\":%s,\"version\":%s,", (NR > 1 ? "," : ""), quoted($2), quoted($3)
    if ($4 != "") printf "\"licenses\":[{\"expression\":%s}],", quoted($4)
    printf "\"purl\":%s}", quoted("pkg:" $1 "/" $2 "@" $3)
  }
  END { print "\n]}" }
' >/usr/share/collabry/sbom.cdx.json
