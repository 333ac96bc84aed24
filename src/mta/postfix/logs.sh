# logs DIR LINES FOLLOW: the last lines of the log of the Postfix of DIR, then, where FOLLOW is yes, what comes. Ends
# when its stdin ends. The first line tells the clock, as maillog has neither year nor zone.
LINES=$2 FOLLOW=$3 CONF=$1/akctl/live/conf
[ -d "$1/base" ] || CONF=$1
unset TZ
LOG=$(postconf -c "$CONF" -h -x maillog_file 2>/dev/null) NAME=''
if [ -z "$LOG" ]; then
  NAME=$(postconf -c "$CONF" -h -x syslog_name 2>/dev/null)
  for LOG in /var/log/mail.log /var/log/maillog /var/log/syslog /var/log/messages ''; do
    [ ! -f "$LOG" ] || break
  done
fi
echo "akctl-clock $(date '+%s %z') $NAME"

# past FILE…: lines of files, packed ones too, of this Postfix alone where the log is shared.
past() {
  for _file; do
    case $_file in
      *.gz) gzip -dc "$_file" ;;
      *.xz) xz -dc "$_file" ;;
      *) cat -- "$_file" ;;
    esac
  done | if [ -n "$NAME" ]; then grep -aF " $NAME/"; else cat; fi
}

# older: the rotated logs, newest first, as far as they are needed.
older() {
  _missing=$((LINES - HAVE))
  # shellcheck disable=SC2012 # names made by logrotate
  ls -t "$LOG"?* 2>/dev/null | while IFS= read -r _old; do
    [ "$_missing" -gt 0 ] || break
    _n=$(past "$_old" | wc -l)
    _missing=$((_missing - _n))
    say "$_old"
  done
}

# follow LINE: what comes from this line on. Not `tail -F`, which leaves a renamed log before its last lines are written.
follow() {
  trap 'kill "$TAIL" 2>/dev/null; exit 0' TERM
  _from=$1
  while exec 3<"$LOG"; do
    tail -n "+$_from" -f <&3 2>/dev/null &
    TAIL=$!
    while [ "$LOG" -ef /proc/self/fd/3 ] || [ ! -e "$LOG" ]; do sleep 0.5; done
    sleep 1
    kill "$TAIL"
    _from=1
  done
}

[ -f "$LOG" ] || [ -n "$NAME" ] || : >>"$LOG"
if [ -z "$LOG" ]; then
  # No file at all: the journal, which all mail programs share. Its own time stands in front, in seconds. What comes is
  # followed from the very entry on where the look back, newest first, began.
  CURSOR=$(journalctl -q -n 1 --show-cursor | sed -n 's/^-- cursor: //p')
  set -- -q -o short-unix SYSLOG_FACILITY=2
  journalctl -r ${CURSOR:+"--cursor=$CURSOR"} "$@" | grep -aF -m "$LINES" " $NAME/" | tac
  [ "$FOLLOW" = no ] || journalctl -f --no-tail ${CURSOR:+"--after-cursor=$CURSOR"} "$@" &
else
  ALL=$(wc -l <"$LOG")
  HAVE=$ALL
  [ -z "$NAME" ] || HAVE=$(head -n "$ALL" "$LOG" | past - | wc -l)
  OLD=$(older | sed '1!G;h;$!d') # oldest first
  IFS='
'
  # shellcheck disable=SC2086 # one file a line
  { past $OLD; head -n "$ALL" "$LOG" | past -; } | tail -n "$LINES"
  if [ "$FOLLOW" = yes ]; then follow "$((ALL + 1))" & fi
fi
READER=$!
trap 'kill "$READER" 2>/dev/null' EXIT
trap 'exit 1' HUP INT TERM
if [ "$FOLLOW" = yes ]; then cat >/dev/null; else wait; fi
