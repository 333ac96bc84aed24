# diff MAX_BYTES MAX_FILES (of all together) [TO]: what a sync with the edits of the payload would change, each file with
# its cause, and what the running process would go through; with TO, what a rollback to it would (`before`: to the
# revision before), and that revision's record.
if [ ! -L "$AK/current" ] || ! mta_installed; then fail failed "$DIR is not prepared: run akctl nodes install first"; fi
ak_current
CUR=$AK_CUR
NEW=$(mktemp -d "${TMPDIR:-/tmp}/akctl-diff.XXXXXX") || fail failed 'no room for a temporary folder'
mkdir "$NEW/wanted" "$NEW/now"
if [ -n "${3:-}" ]; then
  rv_target "${3#before}"
  cp -a "$REVS/$TO/written/." "$NEW/wanted/" || fail failed 'no room for a temporary folder'
  put_file record "$REVS/$TO/send-module.json"
else
  payload "$NEW/edits"
  WHY=$(mta_render "$NEW/wanted" "$NEW/edits" 2>&1) || fail failed "the configuration could not be made: $WHY"
fi
ak_look "$CUR"
if [ -n "$MTA_OWNS" ]; then
  mta_now "$NEW/now" "$NEW/wanted" "$CUR"
else
  cp -a "$REVS/$CUR/conf/." "$NEW/now/"
  [ -z "$LIVE_EDITED" ] || say "$LIVE_EDITED" | while IFS= read -r FILE; do # as the process reads them
    mkdir -p "$(dirname "$NEW/now/$FILE")" && rm -f "$NEW/now/$FILE"
    [ ! -e "$REVS/$LIVE/conf/$FILE" ] || cp -a "$REVS/$LIVE/conf/$FILE" "$NEW/now/$FILE"
  done
fi
ak_sums "$NEW/wanted" >"$NEW/wanted.sums"
ak_sums "$NEW/now" >"$NEW/now.sums"

# cause FILE: edited when it is not as written; else base when the base's own file has changed since; else pending.
cause() {
  if [ -n "$MTA_OWNS" ]; then
    if [ -n "$(mta_edited "$CUR")" ]; then echo edited; else echo pending; fi
  elif ! untouched "$1"; then
    echo edited
  elif [ "$SAME_BASE" = no ] && ! base_same "$1"; then
    echo base
  else
    echo pending
  fi
}
untouched() {
  if [ ! -e "$NEW/now/$1" ] && [ ! -e "$REVS/$CUR/written/$1" ]; then return 0; fi
  cmp -s "$NEW/now/$1" "$REVS/$CUR/written/$1"
}
base_same() {
  [ "$(ak_base_sums | grep -F "  ./$1")" = "$(grep -F "  ./$1" "$REVS/$CUR/base.sums")" ]
}

# Nothing to load is what the current revision has, as a sync would not write it again.
# shellcheck disable=SC2034 # HOW and PID are revise.sh's
PID=$(mta_pid) HOW=none SAME=$NEW/wanted
! cmp -s "$NEW/wanted.sums" "$NEW/now.sums" || SAME=$REVS/$CUR/conf
[ -z "$PID" ] || rv_need "$SAME"
put took "$HOW"

sort "$NEW/wanted.sums" "$NEW/now.sums" | uniq -u | sed 's/^\\\{0,1\}[0-9a-f]\{64\} [ *]\.\///' | sort -u | head -n "$2" |
  while IFS= read -r FILE; do
    put file "$FILE"
    put cause "$(cause "$FILE")"
    diff -u -N -L "on the node/$FILE" -L "after sync/$FILE" "$NEW/now/$FILE" "$NEW/wanted/$FILE" >"$NEW/diff"
    ROOM=$(($1 - $(cat "$NEW/total" 2>/dev/null || echo 0)))
    if [ "$(wc -c <"$NEW/diff")" -gt "$ROOM" ]; then
      head -c "$ROOM" "$NEW/diff" >"$NEW/cut"
      printf '\n(cut off here)\n' >>"$NEW/cut"
      mv "$NEW/cut" "$NEW/diff"
      echo "$1" >"$NEW/total"
    else
      echo $(($1 - ROOM + $(wc -c <"$NEW/diff"))) >"$NEW/total"
    fi
    put_file diff "$NEW/diff"
  done
