# The shared library: revisions, orders, processes. Comes after a driver's functions and before a verb. Nothing is started
# that the shell can do itself: a process costs a node milliseconds, and a subshell two.
# shellcheck disable=SC2034 # CLAIM is read by claim.sh, which only changing scripts have
DIR=$1 SERVICE=$2 CLAIM=$3
shift 3
# MTA_OWNS: `parameters` where akctl owns lines of the MTA's own configuration instead of whole files.
MTA_OWNS=''
mta_paths
REVS=$AK/revisions
RUN_WAIT=${RUN_WAIT:-30}
ORDER_ID='' NEW='' AK_CUR='' LEASED='' AK_BOOTED='' UNIT_ASKED='' LOG_FROM=''

# ak_exit: the end of every script, however it is reached; an order that said nothing of its end has failed.
ak_exit() {
  _status=$?
  [ -z "$ORDER_ID" ] || ak_end failed
  [ -z "$NEW" ] || rm -rf "$NEW"
  [ -z "$LEASED" ] || ak_lease_end
  printf '\n%s end %s\n' "$AKCTL_MARK" "$_status"
}
trap ak_exit EXIT

# ak_current: sets AK_CUR to the number of the current revision; empty when there is none. One that is marked as failed
# was about to be taken back when a script was killed: the mark holds the number that counts instead. Kept under the lock.
ak_current() {
  [ -z "$AK_CUR" ] || return 0
  if cd -P "$AK/current" 2>/dev/null; then _link=$PWD && cd /; else _link=$(readlink "$AK/current" 2>/dev/null) || return 0; fi
  _link=${_link##*/}
  [ -z "$MTA_OWNS" ] || _link=$(mta_current "$_link")
  read -r _back 2>/dev/null <"$REVS/$_link/failed" && [ -n "$_back" ] && _link=$_back
  AK_CUR=$_link
}

# ak_now: sets NOW, in seconds since 1970; from the second time on by what /proc/uptime has moved since (up to 1 s late).
ak_now() {
  read -r _up _ </proc/uptime
  _up=${_up%.*}${_up#*.}
  if [ -z "$AK_BOOTED" ]; then
    NOW=$(date +%s)
    AK_BOOTED=$((NOW * 100 - _up))
  fi
  NOW=$(((AK_BOOTED + _up) / 100))
}

# ak_lock SECONDS ORDER_ID: the lock and the lease (see claim.sh), and what a killed script left behind put right.
ak_lock() {
  [ -L "$AK/current" ] || fail failed "$DIR is not prepared: run akctl nodes install first"
  ak_wait_lock "$@"
  ak_recover
}
ak_nap() {
  sleep 0.1 2>/dev/null || sleep 1
}

# ak_recover: finishes or takes away what a killed script left behind, and sets ACCOUNT to the account of orders. Runs under
# the lock, before every change.
ak_recover() {
  for _rev in "$REVS"/.new.*; do [ ! -e "$_rev" ] || rm -rf "$_rev"; done
  ak_current
  [ "$AK/current" -ef "$REVS/$AK_CUR" ] || ak_point "$AK_CUR"
  [ -e "$REVS/$AK_CUR/was-current" ] || : >"$REVS/$AK_CUR/was-current"
  for _rev in "$REVS"/[0-9]*; do # made, but never committed
    [ "${_rev##*/}" -le "$AK_CUR" ] || [ -e "$_rev/was-current" ] || rm -rf "$_rev"
  done
  for _wait in "$AK"/waiting/*; do
    [ -f "$_wait" ] || continue
    ak_waits "$_wait" || rm -f "$_wait"
  done
  ACCOUNT=$(tail -n 400 "$AK/orders" 2>/dev/null)
  _open=${ACCOUNT##*"$NL"}
  case $_open in
    *' begun '*) ak_note "${_open%% begun *} done died - $NOW" ;;
    *) ak_shorten "$ACCOUNT" ;;
  esac
}
# ak_shorten LINES: the account of orders keeps its last hundred lines, once it has two hundred, and says that it was longer.
ak_shorten() {
  set -f
  IFS=$NL
  # shellcheck disable=SC2086 # lines, without the empty ones
  set -- $1
  unset IFS
  set +f
  [ $# -lt 200 ] || { { say shortened && tail -n 200 "$AK/orders"; } >"$AK/.orders.new" && mv "$AK/.orders.new" "$AK/orders"; }
} 2>/dev/null
# ak_waits FILE: whether the script lives that has left this note in waiting/.
ak_waits() {
  read -r _pid _ticks <"$1" || :
  ak_born "${_pid:-none}"
  [ "$TICKS" = "${_ticks:-gone}" ]
}

# ak_note LINE: appends to the account of orders. The empty line before it closes a half one that a full disk has left.
ak_note() {
  printf '\n%s\n' "$1" >>"$AK/orders"
} 2>/dev/null

# ak_begin ID VERB / ak_end OUTCOME: the order's own account, for a caller whose link is cut. From here on a lost
# link no longer ends the script. An order that is in the account is none any more: a request that came twice, or one
# that came after its sender had given it up (order.sh).
ak_begin() {
  case $NL$ACCOUNT in
    *"$NL$1 "*) fail failed "order $1 came too late, or for the second time: nothing was done" ;;
  esac
  ak_note "$1 $2 begun $NOW" || fail failed "no room to write to $AK"
  trap '' HUP PIPE
  ORDER_ID=$1 ORDER_VERB=$2
  [ ! -e "$AK/waiting/$1" ] || rm -f "$AK/waiting/$1"
}
ak_end() {
  ak_now
  ak_note "$ORDER_ID $ORDER_VERB done $1 $AK_CUR $NOW"
  ORDER_ID=
}

# ak_fail MESSAGE: the order failed; what systemd says, where it was asked, and what the MTA has logged of it explain it.
ak_fail() {
  ak_end failed
  put revision "$AK_CUR"
  ak_why | while IFS= read -r _line; do put detail "$_line"; done
  fail failed "$1"
}

# ak_why: the lines that explain a failure, as far as there are any.
ak_why() {
  ak_unit_words
  ak_log_tail
}

# ak_log_mark: before the MTA's process is touched: what it logs from here on is about this order.
ak_log_mark() {
  [ -n "$LOG_FROM" ] || LOG_FROM=$(($(wc -c 2>/dev/null <"$MTA_LOG") + 1))
}
# ak_log_tail: the last ten lines of that; nothing when the process was not touched.
ak_log_tail() {
  [ -z "$LOG_FROM" ] || tail -c "+$LOG_FROM" "$MTA_LOG" | tail -n 10
} 2>/dev/null

# ak_born PID: sets TICKS to when a process started, in clock ticks since boot (/proc/PID/stat field 22; proc(5)); empty
# for one that is gone.
ak_born() {
  TICKS=
  read -r _stat 2>/dev/null <"/proc/$1/stat" || return 0
  # shellcheck disable=SC2086 # fields; the name before them may hold anything
  set -- ${_stat##*) }
  shift 19 && TICKS=$1
}
# ak_uptime PID: sets UPTIME, in whole seconds. A tick is 0.01 s (USER_HZ of every Linux but those of Alpha and Itanium), and so is the
# last digit of /proc/uptime.
ak_uptime() {
  ak_born "$1"
  read -r _up _ </proc/uptime
  UPTIME=$(((${_up%.*}${_up#*.} - ${TICKS:-0}) / 100))
}

# ak_live REV: points what the MTA reads at a revision. The commit moves `current`; `live` follows when the process
# takes the revision in, so that a process left alone (--no-restart) never reads half of a newer revision.
ak_live() {
  [ -n "$MTA_OWNS" ] || [ "$AK/live" -ef "$REVS/$1" ] || ak_link live "$1"
}
ak_link() {
  ln -sfn "revisions/$2" "$AK/.$1.new" && mv -T "$AK/.$1.new" "$AK/$1"
}

# ak_loaded PID: sets LOADED to the revision the running process has loaded; empty when that can't be told.
ak_loaded() {
  LOADED=
  read -r _rev _pid _ticks _boot 2>/dev/null <"$AK/loaded"
  ak_uptime "$1"
  if [ "${_pid:-}" = "$1" ] && [ "${_ticks:-}" = "$TICKS" ] && ak_boot && [ "${_boot:-}" = "$BOOT" ]; then
    LOADED=$_rev
  elif _since=$(stat -c %Y "${MTA_READS:-$AK/live}" 2>/dev/null) && ak_now && [ $((NOW - UPTIME - 1)) -gt "$_since" ]; then
    # Started by somebody else, after what it reads was put in place.
    if [ -n "$MTA_OWNS" ]; then ak_current && LOADED=$AK_CUR; else _link=$(readlink "$AK/live") && LOADED=${_link##*/}; fi
  fi
}
ak_boot() {
  read -r BOOT 2>/dev/null </proc/sys/kernel/random/boot_id || BOOT=none
}
ak_mark_loaded() {
  _pid=$(mta_pid)
  ak_born "$_pid"
  ak_boot
  echo "$AK_CUR $_pid $TICKS $BOOT" >"$AK/.loaded.new" && mv "$AK/.loaded.new" "$AK/loaded"
}

# ak_wait_healthy GRACE: until the MTA runs and listens; not beyond GRACE looks in a row at a process that is gone.
ak_wait_healthy() {
  _until=$(($(date +%s) + RUN_WAIT)) _gone=0
  until mta_healthy; do
    if [ -n "$(mta_pid)" ]; then _gone=0; else _gone=$((_gone + 1)); fi
    if [ "$_gone" -gt "$1" ] || [ "$(date +%s)" -ge "$_until" ]; then return 1; fi
    ak_nap
  done
}

# ak_up / ak_down: start and stop by the unit, or the process itself; ak_up returns 0 once it is healthy.
ak_up() {
  ak_log_mark
  ak_live "$AK_CUR" || return 1
  if [ -n "$SERVICE" ]; then
    ak_systemctl start || return 1
  else
    mta_start || return 1
  fi
  ak_wait_healthy 80 && ak_mark_loaded
}
ak_down() {
  ak_log_mark
  [ -z "$SERVICE" ] || ak_systemctl stop
  _pid=$(mta_pid)
  [ -n "$_pid" ] || return 0
  kill -CONT "-$_pid" 2>/dev/null # one that stands still hears no other signal
  mta_stop
}
ak_systemctl() {
  ak_now
  UNIT_ASKED=$NOW
  systemctl reset-failed "$SERVICE" </dev/null >/dev/null 2>&1
  UNIT_SAID=$(systemctl "$1" "$SERVICE" </dev/null 2>&1)
}
# ak_unit_words: what systemctl said when it was last asked, and the unit's journal since then: a refusal of systemd never
# reaches the MTA's own log.
ak_unit_words() {
  [ -n "$UNIT_ASKED" ] || return 0
  [ -z "$UNIT_SAID" ] || say "$UNIT_SAID" | tail -n 5
  journalctl -q -o cat --no-pager -n 10 --since "@$UNIT_ASKED" -u "$SERVICE" 2>/dev/null
}

# ak_not_up: the order failed, as the MTA did not come up. One that runs all the same may be at work: it is left so, and told.
ak_not_up() {
  _pid=$(mta_pid)
  [ -z "$_pid" ] ||
    ak_fail "the MTA was started and runs (pid $_pid), but did not get well within $RUN_WAIT s; it was left running: look at its log, or stop it"
  ak_fail 'the MTA did not start'
}

# ak_take_in HOW: the running process takes the current revision in (`none`, `reload` or `restart`); 0 once healthy.
ak_take_in() {
  ak_log_mark
  case $1 in
    none) return 0 ;;
    reload) mta_reload || return 1 ;;
    restart) if ! ak_down || ! ak_up; then return 1; fi ;;
  esac
  ak_wait_healthy 10 && ak_mark_loaded
}

# ak_wanted: sets WANTED to what the MTA should do by the last order, `running` or `stopped`; empty when no order ever said.
ak_wanted() {
  WANTED=
  read -r WANTED 2>/dev/null <"$AK/wanted"
  case $WANTED in running | stopped) ;; *) WANTED= ;; esac
}
# ak_want STATE: keeps it, in one step. A verb does so before it touches the process: a stop that dies half way leaves
# `stopped`, and nobody undoes it; a start that dies half way leaves `running`, and whoever watches may finish it.
ak_want() {
  ak_wanted
  [ "$WANTED" = "$1" ] && return 0
  if ! { say "$1" >"$AK/.wanted.new" && mv "$AK/.wanted.new" "$AK/wanted"; } 2>/dev/null; then
    ak_fail "no room to write to $AK; the MTA was left alone"
  fi
}

# ak_point REV: the one commit. WHY_NOT: why it could not be.
ak_point() {
  AK_CUR='' WHY_NOT="no room in $AK?"
  if [ -n "$MTA_OWNS" ]; then mta_commit "$1"; else ak_link current "$1"; fi && AK_CUR=$1 && return 0
  ak_current
  return 1
}
