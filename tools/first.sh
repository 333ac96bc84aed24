#!/bin/sh
# `npm test`, `npm run demo` and the like as the first command ever typed in a bare clone: brings what is missing, then
# runs it. Needs only what a Debian with node and npm has. Usage: sh tools/first.sh test|nodes|demo|bench [its own words…]
set -eu
cd "$(dirname "$0")/.."
case ${1-} in
  test) tool=tools/test.mjs name=test needs=test ;;
  nodes) tool=tools/test-nodes.mjs name=test:nodes needs=test ;;
  demo) tool=tools/demo.mjs name=demo needs=demo ;;
  bench) tool=test/bench/bench.mjs name=bench needs=demo ;;
  *) echo 'usage: sh tools/first.sh test|nodes|demo|bench' >&2 && exit 2 ;;
esac
shift
say() { printf '%s\n' "$@"; }
stop() {
  printf '%s\n' "$@" >&2
  exit 1
}

# The programs of tools/system-packages that this task needs and that are missing, one `program package reason` a line.
missing_programs() {
  sed -e '/^#/d' -e '/^[[:space:]]*$/d' tools/system-packages | while read -r program package tasks reason; do
    case ,$tasks, in *,"$needs",*) ;; *) continue ;; esac
    has "$program" || say "$program ($package): $reason"
  done
}
has() {
  case $1 in
    /*) [ -e "$1" ] ;;
    *) PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null ;;
  esac
}

check_node() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    stop "akctl needs Node.js 20.19 or newer; this is $(node --version)." 'Install a newer one, from https://nodejs.org or your system.'
}

check_root() {
  [ "$(id -u)" -eq 0 ] && return
  lacking=$(missing_programs)
  [ -z "$lacking" ] || say 'Missing system programs (with their Debian packages):' "$lacking" "Install them: apt-get install$(packages_of "$lacking")" >&2
  stop "npm run $name starts real mail servers (Postfix), which only root can. Nothing was done." "Run it as root: sudo npm run $name"
}

packages_of() {
  printf '%s\n' "$1" | sed 's/^[^(]*(\([^)]*\)).*/\1/' | sort -u | while read -r package; do printf ' %s' "$package"; done
}

install_programs() {
  lacking=$(missing_programs)
  [ -n "$lacking" ] || return 0
  packages=$(packages_of "$lacking")
  has apt-get || stop 'Missing system programs (with their Debian packages):' "$lacking" \
    'There is no apt-get here. Install these programs by your system'"'"'s own means, then run this again. Nothing was done.'
  say 'Missing system programs (with their Debian packages):' "$lacking" "Installing them by apt-get:$packages" \
    'Servers among them are neither started nor enabled.'
  apt_install "$packages"
  lacking=$(missing_programs)
  [ -z "$lacking" ] || stop 'Still missing after apt-get:' "$lacking"
}

# policy-rc.d keeps the packages from starting their servers: an sshd or a Postfix nobody asked for must not run here.
apt_install() {
  log=$(mktemp)
  policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then policy=; else
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  trap 'rm -f "$log" ${policy:+"$policy"}' EXIT
  trap 'exit 130' INT TERM
  has debconf-set-selections && echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
  # shellcheck disable=SC2086 # a list of names
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $1; } >"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    stop "apt-get could not install:$1 (its last lines are above)"
  }
  if [ -n "$policy" ] && has systemctl; then
    case "$1 " in *' openssh-server '*) systemctl disable ssh >/dev/null 2>&1 || true ;; esac
    case "$1 " in *' postfix '*) systemctl disable postfix >/dev/null 2>&1 || true ;; esac
  fi
  rm -f "$log" ${policy:+"$policy"}
  trap - EXIT INT TERM
}

# node_modules is current when npm's own record in it is not older than the lock file.
install_modules() {
  record=node_modules/.package-lock.json
  [ -e "$record" ] && [ ! package-lock.json -nt "$record" ] && return 0
  if [ -e "$record" ]; then say 'package-lock.json is newer than node_modules: running npm ci'; else say 'No node_modules: running npm ci'; fi
  npm ci --no-audit --no-fund --loglevel=notice </dev/null || stop 'npm ci failed; its messages are above.'
  touch "$record"
}

check_node
check_root
install_programs
install_modules
node tools/build.mjs || stop 'the build failed; its messages are above.'
PATH=$PATH:/usr/sbin:/sbin exec node "$tool" "$@"
