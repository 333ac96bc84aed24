# apply EXPECT ORDER_ID WAIT RESTART SCHEMA KEYS: writes a revision from the payload (record's head, settings, edits)
# and makes the running MTA take it in. EXPECT: the revision the caller's knowledge is based on, `any` to take over,
# `none` when it knows of none. KEYS: the settings the caller knows, separated by blanks.
ak_lock "$3" "$2"
mta_installed || fail failed "$DIR is not prepared: run akctl nodes install first"
CUR=$(ak_current)
rv_new
payload "$NEW/payload"
sed -n 1p "$NEW/payload" >"$NEW/head"
sed -n 2p "$NEW/payload" >"$NEW/settings"
sed 1,2d "$NEW/payload" >"$NEW/edits" || fail failed "no room to write to $REVS"

SCHEMA=$(sed -n 's/.*"schema":\([0-9]*\).*/\1/p' "$REVS/$CUR/send-module.json")
STRANGE=$(grep -o '"[a-z0-9-]*":' "$REVS/$CUR/settings" | tr -d '":' | while read -r KEY; do
  case " $6 " in *" $KEY "*) ;; *) echo "$KEY" ;; esac
done)
if [ "${SCHEMA:-0}" -gt "$5" ] || [ -n "$STRANGE" ]; then
  fail conflict "the node was set by a newer akctl (${STRANGE:-schema $SCHEMA}); upgrade akctl on this machine"
fi
SAME=no
! cmp -s "$NEW/settings" "$REVS/$CUR/settings" || SAME=yes
case $1:$SAME in
  any:* | none:yes | "$CUR":*) ;;
  *)
    if [ "$CUR" -ne 0 ]; then
      put_file record "$REVS/$CUR/send-module.json"
      [ "$1" != none ] || fail conflict "the node is at revision $CUR, of which this profile knows nothing"
      fail conflict "the node is at revision $CUR, not at $1 as this profile knows it"
    fi
    ;;
esac

ak_begin "$2" sync
WHY=$(mta_render "$NEW/conf" "$NEW/edits" 2>&1) || ak_fail "the configuration could not be made: $WHY"
ak_sums "$NEW/conf" >"$NEW/sums"
ak_base_sums >"$NEW/base.sums"
EDITED=$(ak_edited "$CUR")
rv_save

# Nothing to write when the same settings would make the same files. Revision 0 is install's own and tells nothing.
if [ "$CUR" -ne 0 ] && [ "$SAME" = yes ] && [ -z "$EDITED" ] && cmp -s "$NEW/sums" "$REVS/$CUR/sums"; then
  WROTE=no
else
  WROTE=yes
  WHY=$(mta_check "$NEW/conf" 2>&1) || ak_fail "the MTA would refuse this configuration: $WHY"
  rv_commit "$5"
fi
rv_take_in "$4" "$CUR"
rv_prune
if [ "$WROTE" = yes ] || [ "$HOW" = reload ] || [ "$HOW" = restart ]; then ak_end changed; else ak_end ok; fi
rv_report "$WROTE" "$EDITED"
