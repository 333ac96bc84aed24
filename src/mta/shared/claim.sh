# shellcheck disable=SC2034,SC2153 # LEASED is read by lib.sh; L_… come from lease.sh
# The lock and the lease of a changing script. CLAIM: `ID TTL KEEP HELD` and the lines of the lease that say who claims it
# for what; empty for a script that takes no lease. KEEP: it stays when the script is over, until it expires (TTL seconds)
# or is released; else it goes with the script. HELD: the caller has kept it, and is refused when it is gone.
ak_claim() {
  # shellcheck disable=SC2086 # words
  set -- ${CLAIM%%"$NL"*}
  C_ID=${1:-} C_TTL=${2:-0} C_KEEP=${3:-no} C_HELD=${4:-no}
}
ak_claim

# ak_wait_lock SECONDS ORDER_ID: one changing script at a time, and none while somebody else keeps the node. Every child
# that outlives the script must close descriptor 9. While it waits (for a lease without holding the lock), a note in
# waiting/ says that the order has arrived. Sets NOW.
ak_wait_lock() {
  if ! true 2>/dev/null >>"$AK/lock"; then fail unauthorized "no right, or no room, to write to $AK"; fi
  exec 9>>"$AK/lock"
  ak_now
  ak_lock_now && return 0
  [ "$?" -ne 127 ] || fail failed 'flock is missing on the node: install util-linux'
  ak_born $$
  mkdir -p "$AK/waiting" && echo "$$ $TICKS" >"$AK/waiting/$2"
  _until=$((NOW + $1)) _looks=0
  until ak_lock_now; do
    ak_now
    if [ "$NOW" -ge "$_until" ]; then
      # Who has the lock this very moment tells in the next who it is.
      if [ -n "$LEASE" ] || [ "$_looks" -ge 10 ]; then ak_locked "$2"; fi
      _looks=$((_looks + 1))
    fi
    ak_nap
  done
}

# ak_lock_now: takes the lock, and the lease; neither when somebody else keeps the node, or has the lock. A lease that is
# not kept is in nobody's way: its script holds the lock, or is dead.
ak_lock_now() {
  ak_lease "$NOW"
  [ "$C_HELD" = no ] || [ "$L_ID" = "$C_ID" ] || ak_lost
  ak_free || return 1
  flock -n 9 || return
  [ -n "$C_ID" ] || return 0
  ak_lease "$NOW"
  [ "$C_HELD" = no ] || [ "$L_ID" = "$C_ID" ] || ak_lost
  if ! ak_free; then
    flock -u 9
    return 1
  fi
  [ "$L_ID" = "$C_ID" ] || L_TAKEN=$NOW
  ak_lease_put "${CLAIM#*"$NL"}taken=$L_TAKEN$NL" "$C_KEEP" "$C_TTL" || fail failed "no room to write to $AK"
  LEASED=yes
}
ak_free() {
  [ -z "$C_ID" ] || [ -z "$LEASE" ] || [ "$L_ID" = "$C_ID" ] || [ "$L_KEPT" = no ]
}

# ak_lease_put LINES KEPT TTL: writes the lease, over one of the same claim by a rename: that one must not get lost.
ak_lease_put() {
  ak_born $$
  _to=$AK/lease
  [ "$L_ID" != "$C_ID" ] || _to=$AK/.lease.new
  printf '%skept=%s\nuntil=%s\nworker=%s\nend\n' "$1" "$2" "$((NOW + $3))" "$$ $TICKS" 2>/dev/null >"$_to" || return 1
  [ "$_to" = "$AK/lease" ] || mv "$_to" "$AK/lease"
}

# ak_lease_end: at the script's end, still under the lock.
ak_lease_end() {
  if [ "$C_KEEP" = yes ]; then
    ak_now
    L_ID=$C_ID
    ak_lease_put "${CLAIM#*"$NL"}taken=$L_TAKEN$NL" yes "$C_TTL"
  else
    : >"$AK/lease"
  fi
}

# ak_locked ORDER_ID: gives up waiting, and says for whom.
ak_locked() {
  rm -f "$AK/waiting/$1"
  put hint 'wait for it: --lock-timeout SECONDS'
  [ -n "$LEASE" ] || fail locked "another change is at work in $DIR"
  put hint 'see it: akctl locks show NODE'
  _what="since $(ak_when "$L_TAKEN"): ${L_FOR:-a change}${L_REASON:+ ($L_REASON)}${L_JOB:+, $L_JOB}"
  [ "$L_KEPT" = yes ] || fail locked "$L_BY (pid $L_PID) is at work on the node $_what"
  put hint "its holder is gone for good? akctl locks release $L_ID NODE --yes"
  fail locked "$L_BY (pid $L_PID) keeps the node locked $_what; until $(ak_when "$L_UNTIL") unless it is renewed"
}
ak_lost() {
  put hint 'see who is there now: akctl locks show NODE'
  put hint 'look at the node before you go on: akctl mta diff NODE'
  fail locked "the lease of this run ($C_ID) is gone: somebody released it, or it had expired and another took the node"
}
ak_when() {
  date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || echo "second $1"
}
