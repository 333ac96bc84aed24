# The Haraka driver. DIR/mta: Haraka and akctl's plugins; DIR/runtime: Node.js, where the node had none; DIR/base: the
# operator's configuration; DIR/queue: the spool; DIR/kept: delivered messages that are kept; DIR/log, DIR/run: its log
# and pid file. Haraka reads AK/live/conf.

mta_paths() {
  AK=$DIR/akctl BASE=$DIR/base
  HK_CONF=$AK/live/conf
  MTA_LOG=$DIR/log/haraka.log
  HK_PID=$DIR/run/haraka.pid
  HK_PROGRAM=$DIR/mta/node_modules/Haraka
  # shellcheck disable=SC2034 # read by drift.sh
  MTA_BASE_SKIP=node_modules
  hk_sees
}

# hk_sees: ends the script of a user who can't tell what runs here, or what is in all files: any answer would be a guess.
hk_sees() {
  while read -r _key _uid _; do [ "$_key" != Uid: ] || break; done </proc/self/status
  [ "$_uid" != 0 ] || return 0
  _pid=''
  if { [ ! -e "$AK" ] || [ -w "$AK" ]; } && { [ ! -d "$DIR" ] || [ -x "$DIR" ]; }; then
    read -r _pid 2>/dev/null <"$HK_PID" || :
    # A pid file may name anybody; hk_ours needs the environment to tell.
    [ ! -r "/proc/${_pid:-none}/environ" ] || return 0
    case $(tr '\0' ' ' 2>/dev/null <"/proc/$_pid/cmdline") in *haraka*) ;; *) return 0 ;; esac
  fi
  fail unauthorized "the Haraka of $DIR is another user's: log in as that user or as root, or edit the node with --sudo"
}

# hk_node: the Node.js that runs Haraka: the one that was shipped, else the system's.
hk_node() {
  if [ -x "$DIR/runtime/bin/node" ]; then
    echo "$DIR/runtime/bin/node"
  else
    command -v node
  fi
}

mta_installed() {
  [ -d "$BASE/config" ] && [ -f "$HK_PROGRAM/bin/haraka" ] && hk_node >/dev/null
}

mta_version() {
  while IFS= read -r _line; do
    case $_line in
      *'"version": "'*)
        _line=${_line#*'"version": "'}
        _line=${_line%%'"'*}
        say "$_line"
        break
        ;;
    esac
  done <"$HK_PROGRAM/package.json"
}

# hk_setting FILE SECTION KEY: a value of the configuration that Haraka reads.
hk_setting() {
  hk_ini_get "$HK_CONF/config/$1" "$2" "$3"
}

# hk_queue: the spool folder of that configuration.
hk_queue() {
  _queue=
  read -r _queue 2>/dev/null <"$HK_CONF/config/queue_dir"
  _queue=${_queue%[[:cntrl:]]}
  echo "${_queue:-$DIR/queue}"
}

mta_messages() {
  exec find "$(hk_queue)" -maxdepth 1 -name '[0-9]*_*' 2>/dev/null
}

# hk_ours PID: whether this process is the Haraka of this very DIR. Its environment tells: the title of a process
# that is shutting down is another, and a pid file may name anybody. A container's equal path is another file.
hk_ours() {
  _env="
$(tr '\0' '\n' 2>/dev/null <"/proc/$1/environ")
" || return 1
  case $_env in
    *"
__daemon=1
"*) ;;
    *) return 1 ;;
  esac
  _home=${_env#*"
HARAKA="}
  _home=${_home%%"
"*}
  [ "/proc/$1/root$_home" -ef "$HK_CONF" ]
} 2>/dev/null

# mta_pid: the pid file's process when it is ours; else, as a pid file may be lost, a look at all processes.
mta_pid() {
  _pid=
  read -r _pid 2>/dev/null <"$HK_PID" || :
  case $_pid in
    '' | *[!0-9]*) ;;
    *) if hk_ours "$_pid"; then
      echo "$_pid"
      return 0
    fi ;;
  esac
  # shellcheck disable=SC2013
  for _pid in $(grep -lsF '__daemon=1' /proc/[0-9]*/environ 2>/dev/null | tr -dc '0-9\n'); do
    if hk_ours "$_pid"; then
      echo "$_pid"
      return 0
    fi
  done
}

# mta_start: as Haraka's own launcher starts its daemon (__daemon, HARAKA), without loading everything twice. Waits
# until it listens, or is dead.
mta_start() {
  # The log's folder stays root's, who opens it and must not be led elsewhere by a link.
  mkdir -p "$DIR/log" "$DIR/run" || return 1
  _node=$(hk_node) || {
    echo 'there is no Node.js on this machine: run akctl nodes install again' >&2
    return 1
  }
  # Haraka refuses to start over any pid file; this one's process is proven not to be ours, or dead.
  [ -n "$(mta_pid)" ] || rm -f "$HK_PID"
  (
    cd "$DIR" || exit 1
    unset NODE_OPTIONS NODE_PATH
    HARAKA=$HK_CONF __daemon=1 exec setsid "$_node" "$HK_PROGRAM/bin/haraka" -c "$HK_CONF"
  ) </dev/null >>"$MTA_LOG" 2>&1 9>&- &
  _started=$! _left=$((RUN_WAIT * 10))
  until [ -s "$HK_PID" ] && mta_healthy; do
    _left=$((_left - 1))
    if [ "$_left" -le 0 ] || ! hk_alive "$_started"; then return 1; fi
    ak_nap
  done
}

# hk_alive PID: a process that is there and no zombie.
hk_alive() {
  read -r _stat <"/proc/$1/stat" || return 1
  case ${_stat##*) } in
    [ZX]*) return 1 ;;
  esac
} 2>/dev/null

# hk_gone PID SECONDS: waits until the process is no more (or no more ours); 0 once it is.
hk_gone() {
  _tries=$(($2 * 10))
  while hk_ours "$1"; do
    _tries=$((_tries - 1))
    [ "$_tries" -gt 0 ] || return 1
    ak_nap
  done
}

# mta_stop: SIGINT lets Haraka finish its deliveries, for no longer than its own force_shutdown_timeout; a second one
# ends it at once; SIGKILL is for one that hangs. The spool is safe in all three. Never SIGTERM: it cleans nothing up.
mta_stop() {
  _stop=$(mta_pid)
  [ -n "$_stop" ] || return 0
  _force=$(hk_setting smtp.ini main force_shutdown_timeout | grep -x '[0-9]*' || echo 30)
  for _how in "INT $((_force + 5))" 'INT 3' 'KILL 5'; do
    kill -s "${_how% *}" "$_stop" 2>/dev/null || :
    if hk_gone "$_stop" "${_how#* }"; then
      rm -f "$HK_PID"
      return 0
    fi
  done
  return 1
}

# Haraka watches the inode of its configuration folder, so a new revision needs a new process.
mta_reload() {
  ak_live "$AK_CUR" && mta_stop && mta_start
}
mta_change() {
  if [ "$(ak_sums "$1")" = "$(ak_sums "$2")" ]; then echo none; else echo restart; fi
}
