#!/bin/sh
# Starts the agent by the Node.js binary beside it, or by the machine's. In an archive: bin/node, with ../lib beside it.
# Only the shell's own commands: it works with no PATH.
set -eu

# real FILE: where it leads, with links followed when there is a readlink.
real() {
  [ -L "$1" ] || { printf '%s\n' "$1" && return; }
  for tool in /usr/bin/readlink /bin/readlink; do
    if [ -x "$tool" ]; then
      "$tool" -f -- "$1"
      return
    fi
  done
  printf '%s\n' "$1"
}

# A name without a slash was found in PATH by the shell, which hands the found path on; `sh node` is from here.
case $0 in
  */*) SELF=$(real "$0") ;;
  *) SELF=./$0 ;;
esac
DIR=$(unset CDPATH && cd -- "${SELF%/*}" && pwd -P)
SELF=$DIR/${SELF##*/}
AGENT=$DIR/../lib/agent.cjs
[ -f "$AGENT" ] || AGENT=$DIR/agent.cjs

NODE=$DIR/../lib/node
if [ ! -f "$NODE" ] || [ ! -x "$NODE" ]; then
  NODE=
  # Never itself: with its folder in PATH it would start itself for ever.
  IFS=:
  for folder in ${PATH-}; do
    found=${folder:-.}/node
    if [ -f "$found" ] && [ -x "$found" ] && [ ! "$found" -ef "$SELF" ]; then
      NODE=$found
      break
    fi
  done
  unset IFS
fi

if [ -z "$NODE" ]; then
  printf '%s\n' "$0: no Node.js: neither $DIR/../lib/node nor a node in PATH (Node.js 20.19 or newer)" >&2
  exit 69
fi
if [ ! -f "$AGENT" ]; then
  printf '%s\n' "$0: the agent is missing: $DIR/../lib/agent.cjs" >&2
  exit 69
fi
exec "$NODE" "$AGENT" "$@"
