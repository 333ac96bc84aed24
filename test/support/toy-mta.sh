# A toy MTA for the shared scripts: a daemon that copies what it reads to run/loaded, so that it can be seen from outside.
mta_paths() {
  # shellcheck disable=SC2034 # read by lib.sh
  AK=$DIR/akctl BASE=$DIR/base MTA_PROGRAM=$DIR/program MTA_LOG=$DIR/run/log
}
mta_installed() {
  [ -d "$BASE" ]
}
mta_install() {
  mkdir -p "$BASE" "$DIR/run" "$DIR/queue"
  [ -e "$BASE/value" ] || echo base >"$BASE/value"
  [ -z "$ARCHIVE" ] || cp "$ARCHIVE" "$DIR/shipped"
  cat >"$DIR/run/daemon" <<'END'
cd "$1" || exit 1
take_in() {
  rm -rf run/loading && cp -R akctl/live/conf run/loading && rm -rf run/loaded && mv run/loading run/loaded
  echo "took in $(cat run/loaded/value)" >>run/log
  if grep -q sick run/loaded/value; then rm -f run/ready; else echo "$$ $1" >run/ready; fi
}
n=0
echo $$ >run/pid
trap 'n=$((n + 1)); take_in $n' USR1
trap 'kill $!; rm -f run/ready; exit 0' TERM
take_in 0
while :; do
  sleep 4 & # not longer: it outlives a daemon that is killed
  wait $!
  kill $! 2>/dev/null
done
END
}
mta_render() {
  cp -a "$BASE/." "$1/" && cat "$2" >>"$1/value"
}
mta_check() {
  ! grep -q refuse "$1/value" || { echo 'the toy refuses this' >&2 && return 1; }
}
mta_pid() {
  read -r _pid _ 2>/dev/null <"$DIR/run/pid" || return 0
  [ "$(tr '\0' ' ' 2>/dev/null <"/proc/$_pid/cmdline")" != "sh $DIR/run/daemon $DIR " ] || echo "$_pid"
}
mta_start() {
  setsid sh "$DIR/run/daemon" "$DIR" </dev/null >/dev/null 2>&1 9>&- &
}
mta_stop() {
  _pid=$(mta_pid)
  kill -TERM "$_pid"
  while [ -d "/proc/$_pid" ]; do ak_nap; done
}
mta_reload() {
  _pid=$(mta_pid) _was=$(cat "$DIR/run/ready")
  ak_live "$AK_CUR" && kill -USR1 "$_pid" || return 1
  _until=$(($(date +%s) + 20))
  while [ "$(cat "$DIR/run/ready" 2>/dev/null)" = "$_was" ]; do
    [ "$(date +%s)" -lt "$_until" ] || return 1
    ak_nap
  done
}
mta_change() {
  if cmp -s "$1/value" "$2/value"; then echo none; elif grep -q restart "$2/value"; then echo restart; else echo reload; fi
}
mta_healthy() {
  read -r _pid _ 2>/dev/null <"$DIR/run/ready" && [ "$_pid" = "$(mta_pid)" ]
}
mta_version() {
  if [ -f "$MTA_PROGRAM" ]; then sh "$MTA_PROGRAM"; else echo 1.0; fi
}
mta_messages() {
  exec find "$DIR/queue" -type f
}
