# stop ORDER_ID WAIT
ak_lock "$2" "$1"
ak_begin "$1" stop
ak_want stopped
DID=no
if [ -n "$(mta_pid)" ]; then
  if ! ak_down || [ -n "$(mta_pid)" ]; then ak_fail 'the MTA did not stop'; fi
  DID=yes
  ak_live "$AK_CUR" # whoever starts it now, starts what the node was told last
fi
if [ "$DID" = yes ]; then ak_end changed; else ak_end ok; fi
put did "$DID"
put revision "$AK_CUR"
