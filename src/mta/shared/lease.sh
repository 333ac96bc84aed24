# The lease: who is at work on the node, or keeps it between two orders. $AK/lease holds lines `key=value` and a last one,
# `end`, without which it counts for nothing; an empty file is no lease. All by the shell's own means: every changing
# order comes past here, and a process costs milliseconds.
# shellcheck disable=SC2034 # read by what comes after it
NL='
'

# ak_lease NOW: reads it. L_…: what lies there. LEASE: its fields for an answer; empty when it does not count: one that is
# kept counts until it expires, and any while the script is at work that took it.
ak_lease() {
  LEASE='' L_ID='' L_BY='' L_PID='' L_FOR='' L_JOB='' L_REASON='' L_TAKEN=0 L_UNTIL=0 L_KEPT=no L_WORKER='' L_LINES=''
  _fields='' _end=no
  while [ "$_end" = no ] && IFS= read -r _line; do
    _value=${_line#*=}
    case $_line in
      end)
        _end=yes
        continue
        ;;
      taken= | until= | taken=*[!0-9]* | until=*[!0-9]*) continue ;; # a number that is none would end the shell
      id=*) L_ID=$_value ;;
      by=*) L_BY=$_value ;;
      pid=*) L_PID=$_value ;;
      job=*) L_JOB=$_value ;;
      operation=*) L_FOR=$_value ;;
      reason=*) L_REASON=$_value ;;
      taken=*) L_TAKEN=$_value ;;
      until=*) L_UNTIL=$_value ;;
      kept=*) L_KEPT=$_value ;;
      worker=*) L_WORKER=$_value ;;
    esac
    case $_line in
      until=* | kept=* | worker=*) ;;
      *) L_LINES=$L_LINES$_line$NL ;;
    esac
    _fields="${_fields}lease.$_line$NL"
  done 2>/dev/null <"$AK/lease"
  [ "$_end" = yes ] || L_ID=''
  [ -n "$L_ID" ] || return 0
  if [ "$L_KEPT" = no ] || [ "$1" -ge "$L_UNTIL" ]; then ak_at_work || return 0; fi
  LEASE=$_fields
}

# ak_at_work: whether the script lives that wrote the lease.
ak_at_work() {
  _worker=${L_WORKER%% *}
  ak_born "${_worker:-none}"
  [ -n "$TICKS" ] && [ "$TICKS" = "${L_WORKER#* }" ]
}
