# order ORDER_ID: what became of an order. It is at work while it waits for the lock, or while the lock is held.
ORDER=$1
LINE=$(awk -v id="$1" '$1 == id { line = $0 } END { print line }' "$AK/orders" 2>/dev/null)
# shellcheck disable=SC2086 # words: ID VERB done OUTCOME REVISION
set -- $LINE
put verb "${2:-}"
ak_current
case $LINE in
  '')
    STATE=none
    if [ -f "$AK/waiting/$ORDER" ] && ak_waits "$AK/waiting/$ORDER"; then STATE=running; fi
    put state "$STATE"
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
