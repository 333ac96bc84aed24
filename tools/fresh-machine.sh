#!/bin/sh
# Runs a command as the first one ever typed in a bare clone on a fresh Debian: a minimal system made by mmdebstrap, this
# machine's Node.js and npm, a clone of what is committed, an empty HOME. For maintainers; needs root and mmdebstrap.
# Usage: sh tools/fresh-machine.sh FOLDER COMMAND…    for example: sh tools/fresh-machine.sh /var/tmp/fresh npm test
# FOLDER is made when it is not there; remove it for a fresh start: rm -r --one-file-system FOLDER
set -eu
folder=${1:?FOLDER}
shift
here=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck disable=SC1091 # is there on every Debian
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")

if [ ! -d "$folder" ]; then
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,git "$suite" "$folder"
  cp -a /etc/apt/. "$folder/etc/apt/"
  mkdir -p "$folder/usr/local/bin" "$folder/usr/local/etc" "$folder/usr/local/lib"
  cp "$(command -v node)" "$folder/usr/local/bin/node"
  cp -a "$(npm root -g)/npm" "$folder/usr/local/lib/npm"
  for name in npm npx; do ln -s "../lib/npm/bin/$name-cli.js" "$folder/usr/local/bin/$name"; done
  # What this machine needs to reach its package registries, should it be behind a proxy of its own.
  npm config ls --location=global 2>/dev/null | sed -n 's/^\(cafile\|proxy\|https-proxy\|registry\) = "\(.*\)"$/\1=\2/p' >"$folder/usr/local/etc/npmrc"
  cp -L /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/ca-certificates.crt"
fi

cp -L /etc/resolv.conf "$folder/etc/resolv.conf" 2>/dev/null || :
rm -rf "$folder/srv/akctl" "$folder/srv/home"
mkdir -p "$folder/srv/home"
git clone -q "$here" "$folder/srv/akctl"
# In mounts of its own, which end with it, and with the folder as the real root: namespaces can be made in there, too.
# shellcheck disable=SC2016 # the inner shell's own words
exec unshare --mount --propagation private sh -c '
  cd "$1" && shift
  mount --rbind . . && cd "$PWD"
  mount -t proc proc proc && mount --rbind /sys sys && mount --rbind /dev dev && mount -t tmpfs tmpfs run
  mkdir -p .outside && pivot_root . .outside && cd / && umount -l .outside
  cd /srv/akctl && exec env -i HOME=/srv/home TERM="${TERM:-dumb}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
' sh "$folder" "$@"
