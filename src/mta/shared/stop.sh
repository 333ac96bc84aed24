# stop ORDER_ID WAIT
ak_lock "$2"
ak_begin "$1" stop
DID=no
if [ -n "$(mta_pid)" ]; then
  if ! ak_down || [ -n "$(mta_pid)" ]; then ak_fail 'the MTA did not stop'; fi
  DID=yes
fi
if [ "$DID" = yes ]; then ak_end changed; else ak_end ok; fi
put did "$DID"
put revision "$(ak_current)"
