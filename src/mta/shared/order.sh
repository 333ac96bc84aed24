# order ORDER_ID: what became of an order. It is at work while it waits for the lock, or while the lock is held.
# order ORDER_ID give-up WAIT: the same, and one that has not arrived is refused when it comes (see ak_begin).
# `never` says of one without a trace that it did nothing and never will; where the account was shortened since it was
# made (ids sort by time), nobody can tell what it did.
ORDER=$1 GIVE_UP=no
if [ "${2:-}" = give-up ] && [ -L "$AK/current" ]; then
  ak_lock "$3" give-up
  rm -f "$AK/waiting/give-up"
  GIVE_UP=yes
fi
LINE=$(awk -v id="$1" '
  NR == 1 && $1 == "shortened" { short = 1; next }
  NF && first == "" { first = $1 }
  $1 == id { line = $0 }
  END { print (line == "" && short && (id "") < (first "") ? id " - none forgotten" : line) }
' "$AK/orders" 2>/dev/null)
# shellcheck disable=SC2086 # words: ID VERB done OUTCOME REVISION
set -- $LINE
put verb "${2:-}"
ak_current
case $LINE in
  '' | *' none forgotten')
    STATE=none
    if [ -f "$AK/waiting/$ORDER" ] && ak_waits "$AK/waiting/$ORDER"; then STATE=running; fi
    put state "$STATE"
    if [ "$STATE$GIVE_UP" = noneyes ]; then
      ak_note "$ORDER - done ${4:-refused} - $NOW" || fail failed "no room to write to $AK"
      [ -n "$LINE" ] || put never yes
    fi
    ;;
  *' done forgotten '*) put state none ;;
  *' done refused '*)
    put state none
    put never yes
    ;;
  *' done died '*) put state died ;;
  *' done '*)
    put state 'done'
    put outcome "${4:-}"
    AK_CUR=${5:-}
    ;;
  *)
    if (exec 9>>"$AK/lock" && flock -s -n 9); then put state died; else put state running; fi
    ;;
esac
put revision "$AK_CUR"
