# restart ORDER_ID WAIT: a stopped MTA is started.
ak_lock "$2"
mta_installed || fail failed "$DIR is not prepared: run akctl nodes install first"
ak_begin "$1" restart
if [ -n "$(mta_pid)" ]; then
  ak_down || ak_fail 'the MTA did not stop'
fi
ak_up || ak_fail 'the MTA did not start'
ak_end changed
put did yes
put pid "$(mta_pid)"
put revision "$(ak_current)"
