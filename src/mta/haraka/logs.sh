# logs DIR SOURCE N SINCE FOLLOW: the last N lines (from SINCE on, as Haraka prints times) of the log, and with FOLLOW
# what comes; ends when stdin ends.
LOG=$1/log/haraka.log
[ "$2" = mta ] || exit 0

# recent SIZE: what is in the rotated log and in the first SIZE bytes of the log; of each, 64 MB at most.
recent() {
  START=$(($1 > 67108864 ? $1 - 67108864 : 0))
  {
    [ ! -f "$LOG.1" ] || tail -c 67108864 "$LOG.1"
    [ ! -f "$LOG" ] || tail -c "+$((START + 1))" "$LOG" | head -c $(($1 - START))
  } | if [ -n "$SINCE" ]; then
    awk '!from && /^[0-9]/ && substr($0, 1, length(ENVIRON["SINCE"])) >= ENVIRON["SINCE"] { from = 1 } from'
  else
    cat
  fi
}

SINCE=$4
export SINCE
SIZE=$(stat -c %s "$LOG" 2>/dev/null || echo 0)
recent "$SIZE" | tail -n "$3"
[ "$5" = yes ] || exit 0

# Following begins at the very byte where the look back ended.
tail -c "+$((SIZE + 1))" -F "$LOG" 2>/dev/null &
TAIL=$!
trap 'kill "$TAIL" 2>/dev/null' EXIT
cat >/dev/null
