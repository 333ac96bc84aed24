# shellcheck disable=SC2034,SC2153 # C_ID is read by claim.sh; L_… come from lease.sh
# locks show | renew ID TTL WAIT | release ID '' WAIT: tells the lease of the node: the one there is, as renewed, or that
# was released.
ak_now
ak_lease "$NOW"
lk_lock() {
  [ -L "$AK/current" ] || fail failed "$DIR is not prepared: run akctl nodes install first"
  ak_wait_lock "$2" locks
  ak_lease "$NOW"
  C_ID=$1
}
case $1 in
  renew)
    # An order of the same run that is at work renews it at its end.
    if [ "$L_ID" != "$2" ] || ! ak_at_work; then
      lk_lock "$2" "$4"
      [ "$L_ID" = "$2" ] || ak_lost
      ak_lease_put "$L_LINES" yes "$3" || fail failed "no room to write to $AK"
      ak_lease "$NOW"
    fi
    ;;
  release)
    lk_lock "$2" "$4"
    if [ "$L_ID" = "$2" ]; then : >"$AK/lease"; else LEASE=''; fi
    ;;
esac
put clock "$NOW"
printf '%s' "$LEASE"
