# A Postfix instance of its own in DIR: base/ (main.cf, master.cf, what they name), queue/, data/, log/mail.log.

TAB='	'
BLANK=" $TAB"
PF_STATIC='inet_interfaces inet_protocols import_environment export_environment maillog_file maillog_file_prefixes
queue_directory data_directory mail_owner setgid_group' # what Postfix reads only at a start

mta_paths() {
  # shellcheck disable=SC2034 # read by lib.sh
  AK=$DIR/akctl BASE=$DIR/base CONF=$DIR/akctl/live/conf MTA_LOG=$DIR/log/mail.log
  while read -r _key _uid _; do [ "$_key" != Uid: ] || break; done </proc/self/status
  [ "$_uid" = 0 ] || fail unauthorized 'Postfix can be driven by root only: log in as root, or edit the node with --sudo'
  case $DIR in
    /etc/postfix | /etc/postfix-*) pf_adopt ;; # the same rule as in system.ts
  esac
  pf_find_program
  pf_find_queue
}

# pf_find_program: sets MTA_PROGRAM to the postconf that PATH finds; empty without one.
pf_find_program() {
  IFS=:
  for MTA_PROGRAM in $PATH; do
    MTA_PROGRAM=$MTA_PROGRAM/postconf
    if [ -f "$MTA_PROGRAM" ] && [ -x "$MTA_PROGRAM" ]; then break; fi
    MTA_PROGRAM=
  done
  unset IFS
}

# pf_find_queue: sets PF_QUEUE to the queue folder that what Postfix reads names. Only a plain line is read here; one that
# goes on in the next line, or names another parameter, is Postfix's own tool's to read, which costs a process.
pf_find_queue() {
  PF_QUEUE='' _open=no
  while IFS= read -r _line || [ -n "$_line" ]; do
    case $_line in
      '' | '#'*) ;; # neither ends the line before it
      queue_directory["$BLANK"=]*)
        _line=${_line#*=} _open=yes
        PF_QUEUE=${_line#"${_line%%[!"$BLANK"]*}"}
        PF_QUEUE=${PF_QUEUE%"${PF_QUEUE##*[!"$BLANK"]}"}
        ;;
      ["$BLANK"]*) [ "$_open" = no ] || PF_QUEUE="$" ;;
      *) _open=no ;;
    esac
  done 2>/dev/null <"$CONF/main.cf"
  case $PF_QUEUE in *'$'*) PF_QUEUE=$(postconf -c "$CONF" -x -h queue_directory 2>/dev/null) ;; esac
  [ -n "$PF_QUEUE" ] || PF_QUEUE=$(pf_default_queue)
}

pf_default_queue() {
  echo "$DIR/queue"
}

mta_installed() {
  [ -f "$BASE/main.cf" ] && [ -f "$BASE/master.cf" ] && command -v postfix >/dev/null && command -v postconf >/dev/null
}

mta_version() {
  postconf -d -h mail_version
}

# The master process holds its pid file open and locked for its whole life: who has that very file open is ours.
mta_pid() {
  _file=$PF_QUEUE/pid/master.pid
  read -r _pid 2>/dev/null <"$_file" || [ -n "${_pid:-}" ] || return 0
  for _fd in "/proc/${_pid:-none}"/fd/*; do
    if [ "$_fd" -ef "$_file" ]; then
      echo "$_pid"
      return 0
    fi
  done
}

# pf_child PID NAME: the pid of a child of the master that has dropped its rights, so has read its configuration.
pf_child() {
  _children=''
  read -r _children 2>/dev/null <"/proc/$1/task/$1/children"
  for _child in $_children; do
    read -r _comm 2>/dev/null <"/proc/$_child/comm" || continue
    [ "$_comm" = "$2" ] || continue
    while read -r _key _uid _; do
      [ "$_key" != Uid: ] || [ "$_uid" = 0 ] || echo "$_child"
    done 2>/dev/null <"/proc/$_child/status"
  done
}

# pf_services: `HOST PORT` of every inet service that Postfix reads; HOST is `*` for one without.
pf_services() {
  awk '
    /^[^#[:space:]]/ && $2 == "inet" {
      if (match($1, /:[^:\]]*$/)) { host = substr($1, 1, RSTART - 1); port = substr($1, RSTART + 1) } else { host = "*"; port = $1 }
      print (host == "" ? "*" : host), port
    }' "$CONF/master.cf"
}

pf_port() {
  case $1 in
    *[!0-9]*) awk -v name="$1" '$1 == name && $2 ~ "/tcp$" { sub("/.*", "", $2); print $2; exit }' /etc/services ;;
    *) echo "$1" ;;
  esac
}

# Healthy: the master listens on all it should, and the queue manager has read its configuration and stays.
mta_healthy() {
  _pid=$(mta_pid)
  [ -n "$_pid" ] && [ -n "$(pf_child "$_pid" qmgr)" ] || return 1
  _listening=$(ak_listening "$_pid")
  pf_services | while read -r _host _port; do
    _port=$(pf_port "$_port")
    case $_host in
      *[!0-9.]*) echo "$_listening" | grep -q ":$_port\$" || exit 1 ;;
      *) echo "$_listening" | grep -qxF "$_host:$_port" || exit 1 ;;
    esac
  done
}

mta_messages() {
  exec find "$PF_QUEUE/maildrop" "$PF_QUEUE/incoming" "$PF_QUEUE/active" "$PF_QUEUE/deferred" "$PF_QUEUE/hold" -type f 2>/dev/null
}

# The lock (descriptor 9) stays with the subshell until `postfix start` is over, and never goes to the daemon.
mta_start() {
  (
    postfix -c "$CONF" start </dev/null >/dev/null 2>&1 9>&-
    exit $?
  )
}

# Not `postfix stop`, which wants a configuration that is right and kills with -9 after 5 s. The whole process group
# must be gone: a child may still hold a listener.
mta_stop() {
  _pid=$(mta_pid)
  [ -n "$_pid" ] || return 0
  kill -TERM "$_pid"
  _until=$(($(date +%s) + 15))
  while pf_lives "$_pid"; do
    [ "$(date +%s)" -lt "$_until" ] || kill -KILL "-$_pid"
    [ "$(date +%s)" -lt "$((_until + 5))" ] || return 1
    ak_nap
  done
}

# pf_lives GROUP: whether one of its processes is there and no zombie: those keep no listener, and in a container whose first
# process never collects them they stay for good.
pf_lives() {
  kill -0 "-$1" 2>/dev/null || return 1
  for _proc in /proc/[0-9]*; do
    read -r _stat 2>/dev/null <"$_proc/stat" || continue
    _stat=${_stat##*) } # STATE PARENT GROUP …
    case $_stat in [ZX]*) continue ;; esac
    _stat=${_stat#* * }
    [ "${_stat%% *}" != "$1" ] || return 0
  done
  return 1
}

# Not `postfix reload`, which leaves a child behind. The link and the signal go together: a new child of the old
# master would already read the new files.
mta_reload() {
  _pid=$(mta_pid)
  _before=$(pf_child "$_pid" qmgr)
  ln -sfn "revisions/$AK_CUR" "$AK/.live.new" && mv -T "$AK/.live.new" "$AK/live" && kill -HUP "$_pid" || return 1
  pf_await_reload "$_pid" "$_before"
}
# pf_await_reload PID QMGR: a queue manager with another pid proves that the master has taken it in.
pf_await_reload() {
  _until=$(($(date +%s) + 10))
  while _now=$(pf_child "$1" qmgr) && { [ -z "$_now" ] || [ "$_now" = "$2" ]; }; do
    if [ -z "$(mta_pid)" ] || [ "$(date +%s)" -gt "$_until" ]; then return 1; fi
    ak_nap
  done
}

# A restart for what is read only then, and for listeners, which would stand in each other's way during a reload.
mta_change() {
  if diff -r "$1" "$2" >/dev/null 2>&1; then
    echo none
  elif [ "$(pf_static "$1")" = "$(pf_static "$2")" ]; then
    echo reload
  else
    echo restart
  fi
}
pf_static() {
  # shellcheck disable=SC2086 # one name a word
  postconf -c "$1" $PF_STATIC 2>&1
  (CONF=$1 && pf_services | sort)
}

mta_check() {
  pf_accepts "$1"
}
# pf_accepts FOLDER: postconf reads the form of both files (-M refuses what -n does), postmap every number and time that
# all of Postfix reads.
pf_accepts() {
  pf_conf "$1" -M >/dev/null && postmap -c "$1" -q x static:x >/dev/null
}
# pf_conf FOLDER ARGUMENT…: postconf there. A file changed just now is read for up to 2 s, until its clock moves on
# (Postfix's load_file.c), here and in every process of Postfix: it is called older.
pf_conf() {
  touch -ch -d '3 seconds ago' "$1/main.cf" 2>/dev/null || :
  _folder=$1
  shift
  postconf -c "$_folder" "$@"
}
