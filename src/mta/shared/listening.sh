# ak_listening PID: the `address:port` pairs a process listens on by TCP, sorted; from the kernel's own tables (inode of
# /proc/PID/fd joined with /proc/PID/net/tcp), so that no program is needed and no configuration believed.
ak_listening() {
  _tables="/proc/$1/net/tcp"
  [ ! -r "/proc/$1/net/tcp6" ] || _tables="$_tables /proc/$1/net/tcp6"
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
