# ak_listening PID: the `address:port` pairs a process listens on by TCP, sorted; from the kernel's own tables (inode of
# /proc/PID/fd joined with /proc/PID/net/tcp), so that no program is needed and no configuration believed.
ak_listening() {
  ak_tables "$1"
  # shellcheck disable=SC2012,SC2086 # no names of files here; two words
  ls -l "/proc/$1/fd" 2>/dev/null | awk '
    function hex(s,  i, n) { for (i = 1; i <= length(s); i++) n = n * 16 + index("123456789ABCDEF", substr(s, i, 1)); return n + 0 }
    function byte(s, i) { return hex(substr(s, i * 2 + 1, 2)) }
    function v4(s) { return byte(s, 3) "." byte(s, 2) "." byte(s, 1) "." byte(s, 0) } # the kernel prints it little-endian
    function v6(s,  w, i, g, t) {
      if (s ~ /^0000000000000000FFFF0000/) return v4(substr(s, 25))
      for (w = 0; w < 4; w++) for (i = 3; i > 0; i -= 2)
        g = g sprintf(":%x", byte(substr(s, w * 8 + 1, 8), i) * 256 + byte(substr(s, w * 8 + 1, 8), i - 1))
      t = g ":"
      for (i = 8; i > 1; i--) { # the longest row of zeros becomes ::
        for (w = z = ""; length(z) < i * 2; ) z = z ":0"
        if (w = index(t, z ":")) { t = substr(t, 1, w) ":" substr(t, w + length(z) + 1); break }
      }
      sub(/^:([^:])/, "&", t); if (t !~ /^::/) sub(/^:/, "", t); if (t !~ /::$/) sub(/:$/, "", t)
      return "[" t "]"
    }
    $NF ~ /^socket:/ { gsub(/[^0-9]/, "", $NF); own[$NF]; next }
    $4 == "0A" { at[$10] = $2 }
    END {
      for (i in at) if (i in own) {
        split(at[i], p, ":")
        t = (length(p[1]) == 8 ? v4(p[1]) : v6(p[1])) ":" hex(p[2])
        for (n = many; n > 0 && said[n] > t; n--) said[n + 1] = said[n] # few: sorted as they come
        if (n == 0 || said[n] != t) { said[n + 1] = t; many++ } else for (; n < many; n++) said[n + 1] = said[n + 2]
      }
      for (n = 1; n <= many; n++) print said[n]
    }
  ' - $_tables 2>/dev/null
}
ak_tables() {
  _tables="/proc/$1/net/tcp"
  [ ! -r "/proc/$1/net/tcp6" ] || _tables="$_tables /proc/$1/net/tcp6"
}

# ak_silent PID SECONDS: whether an MTA that listens does not answer: for so long its process stands still (SIGSTOP), or the
# very same connection has waited for somebody to accept it. An MTA that is well is not waited for.
ak_silent() {
  _waits=$(ak_waits_for "$1") _left=$2
  while [ -n "$_waits" ]; do
    [ "$_left" -gt 0 ] || return 0
    _left=$((_left - 1))
    sleep 1
    _waits=$(ak_waits_for "$1" | grep -Fxe "$_waits")
  done
  return 1
}
# ak_waits_for PID: what waits for it, a line each: `itself`, and the connections to where it listens that nobody has accepted.
# These have no inode yet; the other end may have given up meanwhile (state 08, CLOSE_WAIT).
ak_waits_for() {
  read -r _stat 2>/dev/null <"/proc/$1/stat" || return 0
  case ${_stat##*) } in T*) echo itself ;; esac
  ak_tables "$1"
  # shellcheck disable=SC2012,SC2086 # no names of files here; two words
  ls -l "/proc/$1/fd" 2>/dev/null | awk '
    $NF ~ /^socket:/ { gsub(/[^0-9]/, "", $NF); own[$NF]; next }
    $4 == "0A" && $10 in own { sub(/.*:/, "", $2); port[$2] }
    ($4 == "01" || $4 == "08") && $10 == "0" { at = $2; sub(/.*:/, "", at); wait[$2 " " $3] = at }
    END { for (each in wait) if (wait[each] in port) print each }
  ' - $_tables 2>/dev/null
}
