# How a revision comes about, for apply and rollback. Both fill $NEW: conf, edits, settings, sums, base.sums, head.

# rv_new: an empty place for the revision; goes with the script unless it is committed.
rv_new() {
  NEW=$REVS/.new.$$
  mkdir -p "$NEW/conf" 2>/dev/null || fail unauthorized "no right, or no room, to write to $REVS"
}

# rv_record REV: sets SCHEMA and ID to those of its record. Within a JSON text every quote has a backslash before it, so
# that the first `"id":"` is the key.
rv_record() {
  IFS= read -r _record <"$REVS/$1/send-module.json"
  case $_record in
    *'"schema":'[0-9]*'"id":"'*)
      SCHEMA=${_record##*'"schema":'} SCHEMA=${SCHEMA%%[!0-9]*}
      ID=${_record#*'"id":"'} ID=${ID%%'"'*}
      ;;
    *) # not the one line it was
      SCHEMA=$(sed -n 's/.*"schema": *\([0-9]*\).*/\1/p' "$REVS/$1/send-module.json")
      ID=$(sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' "$REVS/$1/send-module.json" | head -n 1)
      ;;
  esac
}

# rv_expect EXPECT SAME: refuses (conflict) where the current revision is not what the caller's knowledge is based on. EXPECT:
# a revision, and after a blank the id of its record where that is known, as a node that was set up anew counts from 1
# again; `none` when the caller knows of none, which only the SAME settings (`yes`) allow; `any` to take over. A node that
# was told nothing yet is in nobody's way.
rv_expect() {
  if [ "$CUR" -eq 0 ] || [ "$1" = any ] || [ "$1:$2" = none:yes ]; then return 0; fi
  case $1 in
    "$CUR" | "$CUR $ID") return 0 ;;
    none) fail conflict "the node is at revision $CUR, of which this profile knows nothing" ;;
    "$CUR "*) fail conflict "the node has another revision $CUR than the one this profile knows: it was set up anew meanwhile" ;;
    *) fail conflict "the node is at revision $CUR, not at ${1%% *} as this profile knows it" ;;
  esac
}

# rv_strange SETTINGS KEYS: sets STRANGE to the keys of the settings that are not among KEYS.
rv_strange() {
  STRANGE='' _rest=$1
  until _more=${_rest#*'":'} && [ "$_more" = "$_rest" ]; do
    _key=${_rest%%'":'*} _rest=$_more
    _key=${_key##*'"'}
    case $_key in '' | *[!a-z0-9-]*) continue ;; esac # within a value
    case " $2 " in *" $_key "*) ;; *) STRANGE=$STRANGE${STRANGE:+ }$_key ;; esac
  done
}

# rv_target TO: sets TO to the revision that a rollback from CUR goes to; empty: the one before.
rv_target() {
  TO=$1
  HAVE=$(for _rev in "$REVS"/[0-9]*; do
    [ ! -e "$_rev/was-current" ] || [ -e "$_rev/failed" ] || [ "${_rev##*/}" = "$CUR" ] || echo "${_rev##*/}"
  done | sort -n)
  [ -n "$TO" ] || TO=$(echo "$HAVE" | while read -r _rev; do [ "$_rev" -ge "$CUR" ] || echo "$_rev"; done | tail -n 1)
  [ -n "$TO" ] || fail failed "there is no revision before $CUR on the node"
  echo "$HAVE" | grep -qx "$TO" ||
    fail failed "the node can't go back to revision $TO; it has $(echo "${HAVE:-none}" | tr '\n' ' ')(and is at $CUR)"
}

# rv_look: what of the current revision is not as written (see ak_look); and the version, once asked, is kept.
rv_look() {
  ak_look "$CUR"
  [ "$ASKED" = no ] || ak_know_version || :
}

# rv_commit SCHEMA: numbers the revision, puts it in its place and makes it the current one. HEAD: `{"id":…}`, without
# revision, schema and SETTINGS, which are put in front.
rv_commit() {
  [ -d "$NEW/written" ] || cp -a "$NEW/conf" "$NEW/written" || ak_fail "no room to write to $REVS"
  N=0
  for _rev in "$REVS"/[0-9]*; do [ "${_rev##*/}" -le "$N" ] || N=${_rev##*/}; done
  N=$((N + 1))
  printf '{"revision":%s,"schema":%s,"settings":%s,%s\n' "$N" "$1" "$SETTINGS" "${HEAD#\{}" >"$NEW/send-module.json" ||
    ak_fail "no room to write to $REVS"
  sync "$NEW/send-module.json" 2>/dev/null || :
  mv -T "$NEW" "$REVS/$N" || ak_fail "no room to write to $REVS"
  NEW=
  ak_point "$N" || ak_fail "revision $N could not be made the current one ($WHY_NOT); nothing was changed"
  : >"$REVS/$N/was-current"
}

# rv_need CONF: sets HOW to what the running process needs to take this folder in, by what it has loaded (LOADED), not by
# what this run wrote.
rv_need() {
  ak_loaded "$PID"
  if [ -n "$EDITED" ] && [ -n "$MTA_OWNS" ]; then
    HOW=restart # the hand edits may have been loaded
  elif [ "$REVS/$LOADED/conf" = "$1" ]; then
    HOW=none
  elif [ -n "$LOADED" ] && [ -d "$REVS/$LOADED/conf" ] && [ -z "$(rv_by_hand "$LOADED")" ]; then
    HOW=$(mta_change "$REVS/$LOADED/conf" "$1")
  else
    HOW=restart
  fi
}

# rv_by_hand REV: its files that are not as written; what rv_look has seen is known already.
rv_by_hand() {
  case $1 in
    "$CUR") say "$EDITED" | grep -vx base ;;
    "$LIVE") say "$LIVE_EDITED" ;;
    *) ak_edited_files "$1" ;;
  esac
}

# rv_take_in RESTART BEFORE: the running process takes the current revision in. When it does not come up healthy,
# the node goes back to what ran before (BEFORE where that is not known), and the script ends as failed.
rv_take_in() {
  PID=$(mta_pid) HOW=none
  if [ -z "$PID" ]; then
    ak_live "$AK_CUR"
    return 0
  fi
  rv_need "$REVS/$AK_CUR/conf"
  if [ "$HOW" = none ]; then # no file differs from what it has loaded
    ak_live "$AK_CUR" && ak_mark_loaded
    return 0
  fi
  if [ "$1" = no ]; then
    HOW=left
    return 0
  fi
  ak_take_in "$HOW" && return 0
  BAD=$AK_CUR BACK=$2
  [ -z "$LOADED" ] || [ ! -f "$REVS/$LOADED/send-module.json" ] || BACK=$LOADED
  LOG=$(ak_why)
  if [ "$BACK" = "$BAD" ]; then ak_fail "the MTA did not come up healthy with revision $BAD"; fi
  rv_return
}

rv_return() {
  echo "$BACK" >"$REVS/$BAD/failed"
  ak_point "$BACK"
  if ak_down && ak_up; then
    STATE='runs again'
  elif [ -n "$(mta_pid)" ]; then
    STATE='runs, but not well'
  else
    STATE='does not run'
  fi
  ak_end failed
  put revision "$BACK"
  put returned yes
  say "$LOG" | while IFS= read -r _line; do put detail "$_line"; done
  fail failed "the MTA did not come up healthy with revision $BAD; the node is back at revision $BACK, and the MTA $STATE"
}

# rv_prune: the last ten stay, and always what is current and what the process reads.
rv_prune() {
  for _rev in "$REVS"/[0-9]*; do
    _newer=0
    for _other in "$REVS"/[0-9]*; do [ "${_other##*/}" -le "${_rev##*/}" ] || _newer=$((_newer + 1)); done
    if [ "$_newer" -lt 10 ] || [ "${_rev##*/}" = "$AK_CUR" ] || [ "$_rev" -ef "$AK/live" ]; then continue; fi
    rm -rf "$_rev"
  done
}

# rv_save: keeps the text of hand edits where it would otherwise be lost, and says where it is.
rv_save() {
  SAVED=$REVS/$CUR/conf
  [ -n "$EDITED" ] && [ -n "$MTA_OWNS" ] || [ -n "$LIVE_EDITED" ] || return 0
  SAVED=$REVS/$CUR/edited
  if [ -n "$MTA_OWNS" ]; then
    mta_keep "$CUR"
  else # what the process reads may belong to a revision that does not stay
    rv_keep "$CUR" "$(rv_by_hand "$CUR")" && rv_keep "$LIVE" "$LIVE_EDITED"
  fi || ak_fail "no room to write to $REVS"
}
# rv_keep REV FILES: copies of them, one a line, in SAVED.
rv_keep() {
  while IFS= read -r _file; do
    if [ ! -f "$REVS/$1/conf/$_file" ]; then continue; fi # taken away by hand
    _to=$SAVED/$_file
    if ! mkdir -p "${_to%/*}" || ! cp -a "$REVS/$1/conf/$_file" "$_to"; then return 1; fi
  done <<END
$2
END
}

# rv_report WROTE EDITED: ID is that of the record of the revision that is current now.
rv_report() {
  # What the process goes on reading was not replaced.
  if [ -n "$LIVE_EDITED" ] && [ "$HOW" != left ]; then set -- "$1" "$(ak_union "$2" "$LIVE_EDITED")"; fi
  _running=no
  [ -z "$PID" ] || _running=yes
  # In one piece: each is a packet of its own otherwise.
  say "wrote=$1${NL}revision=$AK_CUR${NL}id=$ID${NL}took=$HOW${NL}running=$_running"
  [ -z "$2" ] || say "$2" | head -n 200 | while IFS= read -r _file; do put replaced "$_file"; done
  [ -z "$2" ] || put saved "$SAVED"
}
