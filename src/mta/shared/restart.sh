# restart ORDER_ID WAIT: a stopped MTA is started.
ak_lock "$2" "$1"
mta_installed || fail failed "$DIR is not prepared: run akctl nodes install first"
ak_begin "$1" restart
ak_want running
if [ -n "$(mta_pid)" ]; then
  if ! ak_down || [ -n "$(mta_pid)" ]; then ak_fail 'the MTA did not stop'; fi
fi
ak_up || ak_not_up
ak_end changed
put did yes
put pid "$(mta_pid)"
put revision "$AK_CUR"
