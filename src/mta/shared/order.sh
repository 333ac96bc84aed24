# order ORDER_ID: what became of an order. A held lock means it may still be at work.
[ -d "$AK" ] || {
  put state none
  exit 0
}
LINE=$(grep -F "$1 " "$AK/orders" 2>/dev/null | tail -n 1)
put verb "$(echo "$LINE" | cut -d' ' -f2)"
case $LINE in
  '') put state none ;;
  *' done died '*) put state died ;;
  *' done '*)
    put state 'done'
    put outcome "$(echo "$LINE" | cut -d' ' -f4)"
    ;;
  *)
    if (exec 9>>"$AK/lock" && flock -n 9); then put state died; else put state running; fi
    ;;
esac
put revision "$(ak_current)"
