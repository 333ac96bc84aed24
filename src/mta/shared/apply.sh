# apply EXPECT ORDER_ID WAIT RESTART: writes a revision from the payload and makes the running MTA take it in.
# EXPECT: the revision the caller's knowledge is based on, `any` to take over, `none` when it knows of none.
EXPECT=$1 RESTART=$4
ak_lock "$3"
CUR=$(ak_current)
NEW=$REVS/.new.$$
trap 'rm -rf "$NEW"; printf "\n%s end %s\n" "$AKCTL_MARK" "$?"' EXIT

mkdir -p "$NEW/conf" || fail unauthorized "no right to write to $REVS"
payload "$NEW/payload"
head -n 1 "$NEW/payload" >"$NEW/record"
tail -n +2 "$NEW/payload" >"$NEW/edits"

if [ "$EXPECT" != any ] && [ "${CUR:-0}" -ne 0 ] && [ "$EXPECT" != "$CUR" ]; then
  put_file record "$REVS/$CUR/send-module.json"
  fail conflict "the node is at revision $CUR, not at ${EXPECT} as this profile knows it"
fi

ak_begin "$2" sync
WHY=$(mta_render "$NEW/conf" "$NEW/edits" 2>&1) || ak_fail "the configuration could not be made: $WHY"
ak_sums "$NEW/conf" >"$NEW/sums"
ak_base_sums >"$NEW/base.sums"
EDITED=
[ -z "$CUR" ] || EDITED=$(ak_edited "$CUR")

# Nothing to write when the same record would make the same files. Revision 0 is install's own and tells nothing.
if [ "${CUR:-0}" -ne 0 ] && [ -z "$EDITED" ] && cmp -s "$NEW/sums" "$REVS/$CUR/sums" &&
  [ "$(sed -n 's/.*"settings":\({[^}]*}\).*/\1/p' "$NEW/record")" = "$(sed -n 's/.*"settings":\({[^}]*}\).*/\1/p' "$REVS/$CUR/send-module.json")" ]; then
  WROTE=no
else
  WROTE=yes
  WHY=$(mta_check "$NEW/conf" 2>&1) || ak_fail "the MTA would refuse this configuration: $WHY"
  cp -a "$NEW/conf" "$NEW/written" || ak_fail "no room to write to $REVS"
  N=$(($(ak_last) + 1))
  sed "s/^{/{\"revision\":$N,/" "$NEW/record" >"$NEW/send-module.json" && rm -f "$NEW/payload" "$NEW/record"
  sync "$NEW/send-module.json" 2>/dev/null || :
  if ! mv -T "$NEW" "$REVS/$N" || ! ak_point "$N"; then ak_fail "no room to write to $REVS"; fi
fi

# What the process needs follows from what it has loaded, not from what this run wrote.
PID=$(mta_pid) HOW=none
if [ -n "$PID" ]; then
  LOADED=$(ak_loaded "$PID")
  if [ "$LOADED" = "$(ak_current)" ]; then
    HOW=none
  elif [ -n "$LOADED" ] && [ -d "$REVS/$LOADED/conf" ] && [ -z "$EDITED" ]; then
    HOW=$(mta_change "$REVS/$LOADED/conf" "$AK/current/conf")
  else
    HOW=restart
  fi
  if [ "$RESTART" = no ]; then
    [ "$HOW" = none ] && ak_mark_loaded
    [ "$HOW" = none ] || HOW=left
  elif ! ak_take_in "$HOW"; then
    if [ "$WROTE" = yes ] && [ -n "$CUR" ]; then
      BAD=$(ak_current)
      : >"$REVS/$BAD/failed"
      LOG=$(mta_log_tail 10 2>/dev/null)
      ak_point "$CUR"
      [ -n "$(mta_pid)" ] && BACK=restart || BACK=
      if [ -n "$BACK" ] && ak_take_in restart || ak_up; then STATE='runs again'; else STATE='does not run'; fi
      ak_end failed
      put revision "$CUR"
      put returned yes
      echo "$LOG" | while IFS= read -r LINE; do put detail "$LINE"; done
      fail failed "the MTA did not come up healthy with revision $BAD; the node is back at revision $CUR, and the MTA $STATE"
    fi
    ak_fail "the MTA did not come up healthy with revision $(ak_current)"
  fi
fi
if [ "$WROTE" = yes ] || [ "$HOW" = reload ] || [ "$HOW" = restart ]; then ak_end changed; else ak_end ok; fi

# The last ten stay, and always the current one.
ls "$REVS" | grep -E '^[0-9]+$' | sort -n | head -n -10 | while read -r OLD; do
  [ "$OLD" = "$(ak_current)" ] || rm -rf "${REVS:?}/$OLD"
done

put wrote "$WROTE"
put revision "$(ak_current)"
put took "$HOW"
put running "$([ -n "$PID" ] && echo yes || echo no)"
for FILE in $EDITED; do
  put replaced "$FILE"
done
[ -z "$EDITED" ] || put saved "$REVS/$CUR/conf"
