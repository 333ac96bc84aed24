# start ORDER_ID WAIT UNLESS_STOPPED: with `yes`, an MTA that an order has stopped stays so.
ak_lock "$2" "$1"
mta_installed || fail failed "$DIR is not prepared: run akctl nodes install first"
ak_begin "$1" start
DID=no
ak_wanted
if [ "$3" = yes ] && [ "$WANTED" = stopped ]; then
  put left-stopped yes
else
  ak_want running
  PID=$(mta_pid)
  # Of use is what listens anywhere (a status calls the others `mute`); files that were edited since are no reason to end it.
  if [ -n "$PID" ] && [ -z "$(ak_listening "$PID")" ] && ! mta_healthy; then
    ak_down || ak_fail 'the MTA runs, but does not listen, and could not be stopped'
    PID=
  fi
  if [ -z "$PID" ]; then
    ak_up || ak_not_up
    DID=yes
  fi
fi
if [ "$DID" = yes ]; then ak_end changed; else ak_end ok; fi
put did "$DID"
put pid "$(mta_pid)"
put revision "$AK_CUR"
