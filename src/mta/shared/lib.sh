# The shared library: revisions, lock, orders, processes. Comes after a driver's functions and before a verb.
DIR=$1 SERVICE=$2
shift 2
mta_paths
REVS=$AK/revisions
RUN_WAIT=${RUN_WAIT:-30}

# ak_current: the number of the current revision; empty when there is none.
ak_current() {
  _link=$(readlink "$AK/current" 2>/dev/null) && echo "${_link##*/}"
}

# ak_last: the highest revision number there is, complete or not; 0 without any.
ak_last() {
  _last=0
  for _rev in "$REVS"/[0-9]*; do
    [ -d "$_rev" ] || continue
    _n=${_rev##*/}
    [ "$_n" -gt "$_last" ] && _last=$_n
  done
  echo "$_last"
}

# ak_lock SECONDS: one changing script at a time. Every child that outlives the script must close descriptor 9.
ak_lock() {
  [ -d "$AK" ] || fail failed "$DIR is not prepared: run akctl nodes install first"
  exec 9>>"$AK/lock" || fail unauthorized "no right to write to $AK"
  flock -w "$1" 9 || fail conflict "another change is at work in $DIR"
  ak_recover
}

# ak_recover: what a killed script left behind: half-made revisions go, its order is marked.
ak_recover() {
  rm -rf "$REVS"/.new.*
  _open=$(tail -n 1 "$AK/orders" 2>/dev/null)
  case $_open in
    *' begun '*) echo "$(echo "$_open" | cut -d' ' -f1,2) done died - $(date +%s)" >>"$AK/orders" ;;
  esac
}

# ak_begin ID VERB / ak_end OUTCOME: the order's own account, for a caller whose link is cut.
ak_begin() {
  ORDER_ID=$1 ORDER_VERB=$2
  if [ "$(wc -l <"$AK/orders" 2>/dev/null || echo 0)" -gt 200 ]; then
    tail -n 100 "$AK/orders" >"$AK/.orders.new" && mv "$AK/.orders.new" "$AK/orders"
  fi
  echo "$1 $2 begun $(date +%s)" >>"$AK/orders" || fail failed "no room to write to $AK"
  trap '' HUP PIPE
}
ak_end() {
  echo "$ORDER_ID $ORDER_VERB done $1 $(ak_current) $(date +%s)" >>"$AK/orders"
}

# ak_fail MESSAGE: the order failed; the MTA's last log lines explain it.
ak_fail() {
  ak_end failed
  put revision "$(ak_current)"
  mta_log_tail 10 2>/dev/null | while IFS= read -r _line; do put detail "$_line"; done
  fail failed "$1"
}

# ak_sums FOLDER: sums of all files below, in a fixed order.
ak_sums() {
  (cd "$1" 2>/dev/null && find . -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 -r sha256sum)
}
ak_base_sums() {
  (cd "$BASE" 2>/dev/null && mta_base_list | tr '\n' '\0' | xargs -0 -r sha256sum)
}

# ak_edited REV: the files of a revision that are not as written, and `base` when the base has changed since.
ak_edited() {
  ak_sums "$REVS/$1/conf" | diff - "$REVS/$1/sums" | sed -n 's/^[<>] [0-9a-f]*  *\*\{0,1\}\.\///p' | sort -u
  ak_base_sums | cmp -s - "$REVS/$1/base.sums" || echo base
}

# ak_ticks PID: when a process started, in clock ticks since boot (/proc/PID/stat field 22; proc(5)).
ak_ticks() {
  sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}
ak_uptime() {
  awk -v ticks="$(ak_ticks "$1")" -v hz="$(getconf CLK_TCK 2>/dev/null || echo 100)" '{printf "%d", $1 - ticks / hz}' /proc/uptime
}

# ak_loaded PID: the revision the running process has loaded; empty when that can't be told.
ak_loaded() {
  read -r _rev _pid _ticks 2>/dev/null <"$AK/loaded"
  if [ "${_pid:-}" = "$1" ] && [ "${_ticks:-}" = "$(ak_ticks "$1")" ]; then
    echo "$_rev"
  elif [ -e "$AK/current" ] && [ "$(ak_uptime "$1")" -lt $(($(date +%s) - $(stat -c %Y "$REVS/$(ak_current)/send-module.json"))) ]; then
    ak_current # started by somebody else, after the revision was written
  fi
}
ak_mark_loaded() {
  _pid=$(mta_pid)
  echo "$(ak_current) $_pid $(ak_ticks "$_pid")" >"$AK/.loaded.new" && mv "$AK/.loaded.new" "$AK/loaded"
}

# ak_wait_healthy: until the MTA runs and listens, or the time is over.
ak_wait_healthy() {
  _until=$(($(date +%s) + RUN_WAIT))
  while ! mta_healthy; do
    [ "$(date +%s)" -lt "$_until" ] || return 1
    sleep 0.2
  done
}

# ak_up / ak_down: start and stop by the unit, or the process itself; ak_up returns 0 once it is healthy.
ak_up() {
  if [ -n "$SERVICE" ]; then
    systemctl start "$SERVICE" </dev/null >/dev/null 2>&1 9>&- || return 1
  else
    mta_start || return 1
  fi
  ak_wait_healthy && ak_mark_loaded
}
ak_down() {
  if [ -n "$SERVICE" ]; then
    systemctl stop "$SERVICE" </dev/null >/dev/null 2>&1 9>&-
  else
    mta_stop
  fi
}

# ak_take_in HOW: the running process takes the current revision in (`none`, `reload` or `restart`); 0 once healthy.
ak_take_in() {
  case $1 in
    none) ;;
    reload) mta_reload || return 1 ;;
    restart) ak_down && ak_up || return 1 ;;
  esac
  ak_wait_healthy && ak_mark_loaded
}

# ak_point REV: the one commit.
ak_point() {
  ln -sfn "revisions/$1" "$AK/.current.new" && mv -T "$AK/.current.new" "$AK/current"
}
