# install WAIT HEAD ARGS…: prepares the directory, and makes revision 0 (the base alone) the current one when there is
# none yet. The archive, where a driver ships one, is the payload: ARCHIVE is its file while mta_install runs.
WAIT=$1 HEAD=$2 ARCHIVE=''
shift 2
if [ ! -d "$AK" ]; then
  if ! WHY=$(mkdir -p "$AK" 2>&1); then
    case $WHY in
      *'Not a directory'* | *'File exists'*) fail failed "$DIR can't be a directory, as a file is in its place or above it: $WHY" ;;
      *) fail unauthorized "no right, or no room, to make $AK: $WHY" ;;
    esac
  fi
fi
ak_wait_lock "$WAIT" install
if [ -n "$AKCTL_LEN" ]; then
  rm -f "$AK"/.archive.*
  ARCHIVE=$AK/.archive.$$
  payload "$ARCHIVE"
fi
WHY=$(mta_install "$@" 2>&1) || {
  [ -z "$ARCHIVE" ] || rm -f "$ARCHIVE"
  fail failed "$DIR could not be prepared: $WHY"
}
[ -z "$ARCHIVE" ] || rm -f "$ARCHIVE"
MADE=no
if [ ! -L "$AK/current" ]; then
  rm -rf "$REVS"
  rv_new
  : >"$NEW/edits"
  printf '{}\n' >"$NEW/settings"
  WHY=$(mta_render "$NEW/conf" "$NEW/edits" 2>&1) || fail failed "the base could not be rendered: $WHY"
  WHY=$(mta_check "$NEW/conf" 2>&1) || fail failed "the MTA would refuse the base in $BASE: $WHY"
  if ! ak_sums "$NEW/conf" >"$NEW/sums" || ! ak_base_sums >"$NEW/base.sums"; then fail failed "no room to write to $REVS"; fi
  cp -a "$NEW/conf" "$NEW/written" || fail failed "no room to write to $REVS"
  # HEAD: `{"id":"install",…}`; what is the same for every install is put in front.
  printf '{"revision":0,"schema":1,"settings":{},%s\n' "${HEAD#\{}" >"$NEW/send-module.json"
  : >"$NEW/was-current"
  if ! mv -T "$NEW" "$REVS/0" || ! ak_link live 0 || ! ak_link current 0; then fail failed "no room to write to $REVS"; fi
  NEW=
  MADE=yes
fi
put made "$MADE"
[ -z "$MTA_OWNS" ] || put adopted yes
ak_current
VERSION=$(mta_version 2>/dev/null)
ak_know_version
put revision "$AK_CUR"
put version "$VERSION"
