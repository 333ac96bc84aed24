# status QUEUE_MAX ANSWERS: everything `mta status` tells of a node; with `yes` also whether the MTA answers. Reads only;
# takes no lock.
st_tell() {
  ak_now
  put clock "$NOW"
  ak_lease "$NOW"
  if mta_installed; then put installed yes; else put installed no; fi
  PID=$(mta_pid)
  if [ -n "$PID" ]; then
    ak_loaded "$PID"
    put running yes
    put pid "$PID"
    put uptime "$UPTIME"
    put loaded "$LOADED"
    st_listening "$PID" "$2"
  else
    put running no
    [ -n "$LEASE" ] || ak_lease "$NOW" # an order may have begun, and stopped it, just now
  fi
  printf '%s' "$LEASE"
  ak_wanted
  put wanted "$WANTED"
  put queue "$(mta_messages | awk -v max="$1" 'NR > max { exit } END { print NR }')"
  put queue-max "$1"
  ak_current
  if [ -n "$AK_CUR" ]; then
    st_record "$REVS/$AK_CUR/send-module.json"
    ak_look "$AK_CUR"
    [ -z "$LIVE_EDITED" ] || EDITED=$(ak_union "$EDITED" "$LIVE_EDITED")
    [ -z "$EDITED" ] || say "$EDITED" | head -n 200 | while IFS= read -r FILE; do put edited "$FILE"; done
  else
    VERSION=$(mta_version 2>/dev/null)
  fi
  put version "$VERSION"
  return 0
}
# st_listening PID ANSWERS: where it listens; of one that listens nowhere, whether that is a fault.
st_listening() {
  LISTEN=$(ak_listening "$1")
  if [ -n "$LISTEN" ]; then
    while IFS= read -r ADDR; do put listen "$ADDR"; done <<END
$LISTEN
END
    if [ "$2" = yes ] && ak_silent "$1" 5; then put mute yes; fi
  elif ! mta_healthy; then
    put mute yes
  fi
}
# st_record FILE: the record is one line of JSON; as bytes where somebody has made it another.
st_record() {
  if { IFS= read -r RECORD && ! IFS= read -r _; } <"$1"; then put record "$RECORD"; else put_file record "$1"; fi
}
# Said in one piece: each write of its own would be a packet of its own, and wake the caller anew.
ANSWER=$(st_tell "$1" "$2") || exit 1
say "$ANSWER"
