# status QUEUE_MAX: everything `mta status` tells of a node. Reads only; takes no lock.
put clock "$(date +%s)"
if mta_installed; then put installed yes; else put installed no; fi
PID=$(mta_pid)
if [ -n "$PID" ]; then
  put running yes
  put pid "$PID"
  put uptime "$(ak_uptime "$PID")"
  put loaded "$(ak_loaded "$PID")"
  mta_listen | while IFS= read -r ADDR; do put listen "$ADDR"; done
else
  put running no
fi
put version "$(mta_version 2>/dev/null)"
put queue "$(mta_queue "$1" 2>/dev/null)"
put queue-max "$1"
CUR=$(ak_current)
if [ -n "$CUR" ]; then
  put_file record "$REVS/$CUR/send-module.json"
  ak_edited "$CUR" | head -n 200 | while IFS= read -r FILE; do put edited "$FILE"; done
fi
