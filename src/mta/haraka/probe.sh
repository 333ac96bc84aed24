# probe DIR: what decides about the archive that install ships: Node.js (shipped before, or the system's), the
# machine, and the version of Haraka that is there.
put machine "$(uname -m)"
put installed "$(cat "$1/mta/id" 2>/dev/null)"
if [ -x "$1/runtime/bin/node" ]; then NODE=$1/runtime/bin/node; else NODE=$(command -v node); fi
put node "$NODE"
[ -z "$NODE" ] || put node-version "$("$NODE" --version 2>/dev/null)"
if getconf GNU_LIBC_VERSION >/dev/null 2>&1; then put glibc yes; else put glibc no; fi
command -v tar >/dev/null || fail failed 'tar is missing on the node: install it'
