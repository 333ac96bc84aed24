# start ORDER_ID WAIT
ak_lock "$2"
mta_installed || fail failed "$DIR is not prepared: run akctl nodes install first"
ak_begin "$1" start
if [ -n "$(mta_pid)" ] && mta_healthy; then
  DID=no
else
  [ -z "$(mta_pid)" ] || ak_down
  ak_up || ak_fail 'the MTA did not start'
  DID=yes
fi
if [ "$DID" = yes ]; then ak_end changed; else ak_end ok; fi
put did "$DID"
put pid "$(mta_pid)"
put revision "$(ak_current)"
