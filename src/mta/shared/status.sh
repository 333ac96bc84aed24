# status QUEUE_MAX: everything `mta status` tells of a node. Reads only; takes no lock.
st_tell() {
  NOW=$(date +%s)
  put clock "$NOW"
  ak_lease "$NOW"
  printf '%s' "$LEASE"
  if mta_installed; then put installed yes; else put installed no; fi
  PID=$(mta_pid)
  if [ -n "$PID" ]; then
    put running yes
    put pid "$PID"
    put uptime "$(ak_uptime "$PID")"
    put loaded "$(ak_loaded "$PID")"
    st_listening "$PID"
  else
    put running no
  fi
  ak_wanted
  put wanted "$WANTED"
  put version "$(mta_version 2>/dev/null)"
  put queue "$(mta_queue "$1" 2>/dev/null)"
  put queue-max "$1"
  CUR=$(ak_current)
  if [ -n "$CUR" ]; then
    st_record "$REVS/$CUR/send-module.json"
    EDITED=$(ak_edited "$CUR")
    [ -z "$EDITED" ] || say "$EDITED" | head -n 200 | while IFS= read -r FILE; do put edited "$FILE"; done
  fi
  return 0
}
# st_listening PID: where it listens; of one that listens nowhere, whether that is a fault.
st_listening() {
  LISTEN=$(ak_listening "$1")
  if [ -n "$LISTEN" ]; then
    say "$LISTEN" | while IFS= read -r ADDR; do put listen "$ADDR"; done
  elif ! mta_healthy; then
    put mute yes
  fi
}
# st_record FILE: the record is one line of JSON; as bytes where somebody has made it another.
st_record() {
  if { IFS= read -r RECORD && ! IFS= read -r _; } <"$1"; then put record "$RECORD"; else put_file record "$1"; fi
}
# Said in one piece: each write of its own would be a packet of its own, and wake the caller anew.
ANSWER=$(st_tell "$1") || exit 1
say "$ANSWER"
