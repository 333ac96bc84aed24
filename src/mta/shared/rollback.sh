# rollback ORDER_ID WAIT TO EXPECT: makes an earlier revision's settings and files the current ones, as a new revision.
# TO empty: the one before the current. EXPECT: see rv_expect. The payload is the new record's head.
ak_lock "$2" "$1"
mta_installed || fail failed "$DIR is not prepared: run akctl nodes install first"
CUR=$AK_CUR
rv_record "$CUR"
rv_expect "$4" no
rv_target "$3"
rv_new
payload "$NEW/head"
# shellcheck disable=SC2034 # read by revise.sh, as SETTINGS is
IFS= read -r HEAD <"$NEW/head"
rm -f "$NEW/head"

ak_begin "$1" rollback
cp -a "$REVS/$TO/written/." "$NEW/conf/" || ak_fail "no room to write to $REVS"
cp "$REVS/$TO/edits" "$REVS/$TO/settings" "$REVS/$TO/sums" "$REVS/$TO/base.sums" "$NEW/" || ak_fail "no room to write to $REVS"
# shellcheck disable=SC2034
IFS= read -r SETTINGS <"$NEW/settings"
rv_look
EDITED=$(say "$EDITED" | grep -vx base)
rv_save
WHY=$(mta_check "$NEW/conf" 2>&1) || ak_fail "the MTA would refuse the configuration of revision $TO: $WHY"
rv_record "$TO"
rv_commit "$SCHEMA"
# shellcheck disable=SC2034
ID=$1
rv_take_in yes "$CUR"
rv_prune
ak_end changed
rv_report yes "$EDITED"
put to "$TO"
