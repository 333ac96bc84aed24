# order ORDER_ID: what became of an order. It is at work while it waits for the lock, or while the lock is held.
LINE=$(awk -v id="$1" '$1 == id { line = $0 } END { print line }' "$AK/orders" 2>/dev/null)
put verb "$(echo "$LINE" | cut -d' ' -f2)"
REVISION=$(ak_current)
case $LINE in
  '')
    STATE=none
    if [ -f "$AK/waiting/$1" ]; then
      read -r PID TICKS <"$AK/waiting/$1" || :
      [ "$(ak_ticks "${PID:-none}")" != "${TICKS:-gone}" ] || STATE=running
    fi
    put state "$STATE"
    ;;
  *' done died '*) put state died ;;
  *' done '*)
    put state 'done'
    put outcome "$(echo "$LINE" | cut -d' ' -f4)"
    REVISION=$(echo "$LINE" | cut -d' ' -f5)
    ;;
  *)
    if (exec 9>>"$AK/lock" && flock -s -n 9); then put state died; else put state running; fi
    ;;
esac
put revision "$REVISION"
