# How a revision comes about, for apply and rollback. Both fill $NEW: conf, edits, settings, sums, base.sums, head.

# rv_new: an empty place for the revision; goes with the script unless it is committed.
rv_new() {
  NEW=$REVS/.new.$$
  mkdir -p "$NEW/conf" 2>/dev/null || fail unauthorized "no right, or no room, to write to $REVS"
}

# rv_commit SCHEMA: numbers the revision, puts it in its place and makes it the current one.
rv_commit() {
  [ -d "$NEW/written" ] || cp -a "$NEW/conf" "$NEW/written" || ak_fail "no room to write to $REVS"
  N=$(($(ak_last) + 1))
  # head: `{"id":…}`, without revision, schema and settings, which are put in front.
  printf '{"revision":%s,"schema":%s,"settings":%s,%s\n' "$N" "$1" "$(cat "$NEW/settings")" \
    "$(sed '1s/^{//' "$NEW/head")" >"$NEW/send-module.json" || ak_fail "no room to write to $REVS"
  rm -f "$NEW/head" "$NEW/payload"
  sync "$NEW/send-module.json" 2>/dev/null || :
  mv -T "$NEW" "$REVS/$N" || ak_fail "no room to write to $REVS"
  NEW=
  ak_point "$N" || ak_fail "revision $N could not be made the current one (no room in $AK?); nothing was changed"
  : >"$REVS/$N/was-current"
}

# rv_need: what the running process needs, by what it has loaded, not by what this run wrote.
rv_need() {
  _loaded=$(ak_loaded "$PID")
  if [ -n "$EDITED" ] && [ -n "$MTA_OWNS" ]; then
    echo restart # the hand edits may have been loaded
  elif [ "$_loaded" = "$(ak_current)" ]; then
    echo none
  elif [ -n "$_loaded" ] && [ -d "$REVS/$_loaded/conf" ] && [ -z "$(rv_by_hand "$_loaded")" ]; then
    mta_change "$REVS/$_loaded/conf" "$REVS/$(ak_current)/conf"
  else
    echo restart
  fi
}

# rv_by_hand REV: its files that are not as written; those of CUR are known already.
rv_by_hand() {
  if [ "$1" = "$CUR" ]; then say "$EDITED" | grep -vx base; else ak_edited_files "$1"; fi
}

# rv_take_in RESTART BEFORE: the running process takes the current revision in. When it does not come up healthy,
# the node goes back to what ran before (BEFORE where that is not known), and the script ends as failed.
rv_take_in() {
  PID=$(mta_pid) HOW=none
  if [ -z "$PID" ]; then
    ak_live "$(ak_current)"
    return 0
  fi
  HOW=$(rv_need)
  if [ "$HOW" = none ]; then # no file differs from what it has loaded
    ak_live "$(ak_current)" && ak_mark_loaded
    return 0
  fi
  if [ "$1" = no ]; then
    HOW=left
    return 0
  fi
  LOADED=$(ak_loaded "$PID")
  ak_take_in "$HOW" && return 0
  BAD=$(ak_current) BACK=$2
  [ -z "$LOADED" ] || [ ! -f "$REVS/$LOADED/send-module.json" ] || BACK=$LOADED
  LOG=$(mta_log_tail 10 2>/dev/null)
  if [ "$BACK" = "$BAD" ]; then ak_fail "the MTA did not come up healthy with revision $BAD"; fi
  rv_return
}

rv_return() {
  echo "$BACK" >"$REVS/$BAD/failed"
  ak_point "$BACK"
  if ak_down && ak_up; then STATE='runs again'; else STATE='does not run'; fi
  ak_end failed
  put revision "$BACK"
  put returned yes
  say "$LOG" | while IFS= read -r _line; do put detail "$_line"; done
  fail failed "the MTA did not come up healthy with revision $BAD; the node is back at revision $BACK, and the MTA $STATE"
}

# rv_prune: the last ten stay, and always what is current and what the process reads.
rv_prune() {
  _keep=" $(ak_current) $(readlink "$AK/live" | sed 's|.*/||') "
  for _rev in "$REVS"/[0-9]*; do echo "${_rev##*/}"; done | sort -rn | tail -n +11 | while read -r _old; do
    case $_keep in
      *" $_old "*) ;;
      *) rm -rf "${REVS:?}/$_old" ;;
    esac
  done
}

# rv_save: keeps the text of hand edits where it would otherwise be lost, and says where it is.
rv_save() {
  SAVED=$REVS/$CUR/conf
  [ -n "$EDITED" ] && [ -n "$MTA_OWNS" ] || return 0
  SAVED=$REVS/$CUR/edited
  mta_keep "$CUR" || ak_fail "no room to write to $REVS"
}

# rv_report WROTE EDITED
rv_report() {
  put wrote "$1"
  put revision "$(ak_current)"
  put took "$HOW"
  if [ -n "$PID" ]; then put running yes; else put running no; fi
  [ -z "$2" ] || say "$2" | head -n 200 | while IFS= read -r _file; do put replaced "$_file"; done
  [ -z "$2" ] || put saved "$SAVED"
}
