# start ORDER_ID WAIT UNLESS_STOPPED: with `yes`, an MTA that an order has stopped stays so, and one that does not answer is
# started anew.
# st_well UNLESS_STOPPED: whether a running one is left alone. What listens anywhere is of use (a status calls the others `mute`);
# files that were edited since are no reason to end it.
st_well() {
  _runs=$(mta_pid)
  [ -n "$_runs" ] || return 1
  if [ -z "$(ak_listening "$_runs")" ] && ! mta_healthy; then return 1; fi
  [ "$1" != yes ] || ! ak_silent "$_runs" 2
}
ak_lock "$2" "$1"
mta_installed || fail failed "$DIR is not prepared: run akctl nodes install first"
ak_begin "$1" start
DID=no
ak_wanted
if [ "$3" = yes ] && [ "$WANTED" = stopped ]; then
  put left-stopped yes
else
  ak_want running
  if ! st_well "$3"; then
    if [ -n "$(mta_pid)" ] && ! ak_down; then ak_fail 'the MTA runs, but is of no use, and could not be stopped'; fi
    ak_up || ak_not_up
    DID=yes
  fi
fi
if [ "$DID" = yes ]; then ak_end changed; else ak_end ok; fi
put did "$DID"
put pid "$(mta_pid)"
put revision "$AK_CUR"
