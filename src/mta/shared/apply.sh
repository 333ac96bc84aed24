# apply EXPECT ORDER_ID WAIT RESTART SCHEMA KEYS: writes a revision from the payload (record's head, settings, edits)
# and makes the running MTA take it in. EXPECT: see rv_expect. KEYS: the settings the caller knows, separated by blanks.
ak_lock "$3" "$2"
mta_installed || fail failed "$DIR is not prepared: run akctl nodes install first"
CUR=$AK_CUR
rv_new
payload "$NEW/payload"
# shellcheck disable=SC2034 # HEAD is read by revise.sh
{
  IFS= read -r HEAD
  IFS= read -r SETTINGS
  cat >"$NEW/edits" && say "$SETTINGS" >"$NEW/settings"
} <"$NEW/payload" || fail failed "no room to write to $REVS"
rm -f "$NEW/payload"

rv_record "$CUR"
{ IFS= read -r TOLD && ! IFS= read -r _; } <"$REVS/$CUR/settings" || TOLD=
rv_strange "$TOLD" "$6"
if [ "${SCHEMA:-0}" -gt "$5" ] || [ -n "$STRANGE" ]; then
  fail conflict "the node was set by a newer akctl (${STRANGE:-schema $SCHEMA}); upgrade akctl on this machine"
fi
SAME=no
[ "$SETTINGS" != "$TOLD" ] || SAME=yes
rv_expect "$1" "$SAME"

ak_begin "$2" sync
rv_look # before the base is read: what is changed meanwhile is seen as drift next time
WHY=$(mta_render "$NEW/conf" "$NEW/edits" 2>&1) || ak_fail "the configuration could not be made: $WHY"
ak_sums "$NEW/conf" >"$NEW/sums" || ak_fail "no room to write to $REVS"
if [ "$SAME_BASE" = yes ]; then cp "$REVS/$CUR/base.sums" "$NEW/base.sums"; else ak_base_sums >"$NEW/base.sums"; fi ||
  ak_fail "no room to write to $REVS"
rv_save

# Nothing to write when the same settings would make the same files. Revision 0 is install's own and tells nothing.
if [ "$CUR" -ne 0 ] && [ "$SAME" = yes ] && [ -z "$EDITED" ] && cmp -s "$NEW/sums" "$REVS/$CUR/sums"; then
  WROTE=no
else
  WROTE=yes
  WHY=$(mta_check "$NEW/conf" 2>&1) || ak_fail "the MTA would refuse this configuration: $WHY"
  rv_commit "$5"
  # shellcheck disable=SC2034 # read by revise.sh
  ID=$2
fi
rv_take_in "$4" "$CUR"
rv_prune
if [ "$WROTE" = yes ] || [ "$HOW" = reload ] || [ "$HOW" = restart ]; then ak_end changed; else ak_end ok; fi
rv_report "$WROTE" "$EDITED"
