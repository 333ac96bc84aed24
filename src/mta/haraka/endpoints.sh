# Listening addresses: what is configured against what the process listens on.

# hk_plain: `host:port` lines with every IPv6 address in full (eight groups without leading zeros, no brackets).
hk_plain() {
  awk '
    function full(ip,  half, left, right, group, i, n, m, out) {
      split(ip, half, "::")
      n = split(half[1], left, ":")
      m = split(half[2], right, ":")
      for (i = 1; i <= 8; i++) {
        group = i <= n ? left[i] : (i > 8 - m ? right[i - 8 + m] : "0")
        sub(/^0+/, "", group)
        out = out (group == "" ? "0" : group) ":"
      }
      return out
    }
    {
      host = tolower($0)
      port = host
      sub(/.*:/, "", port)
      sub(/:[0-9]*$/, "", host)
      gsub(/[][]/, "", host)
      print (host ~ /:/ ? full(host) : host ":") port
    }'
}

# hk_wanted: the listeners of the current configuration, `host:port` a line; host names and sockets are left out.
hk_wanted() {
  {
    _port=$(hk_setting smtp.ini main port)
    [ -z "$_port" ] || echo "$(hk_setting smtp.ini main listen_host | grep . || echo '[::0]'):$_port"
    hk_setting smtp.ini main listen | tr ',' '\n'
  } | tr -d ' \t' | sed -n '
    s/^[0-9][0-9]*$/[::0]:&/p
    s/^[0-9]*\.[0-9.]*$/&:25/p
    s/^[0-9]*\.[0-9.]*:[0-9][0-9]*$/&/p
    s/^\[[0-9a-fA-F:]*\]$/&:25/p
    s/^\[[0-9a-fA-F:]*\]:[0-9][0-9]*$/&/p' | hk_plain | sort -u
}

# mta_healthy: it listens where it should, and is through with its start (akctl/start.js).
mta_healthy() {
  _pid=$(mta_pid)
  [ -n "$_pid" ] || return 1
  _starts=
  read -r _starts 2>/dev/null <"$DIR/run/haraka.starting" || :
  [ "$_starts" != "$_pid" ] || return 1
  _have=$(ak_listening "$_pid" | hk_plain)
  [ -n "$_have" ] || return 1
  for _want in $(hk_wanted); do
    printf '%s\n' "$_have" | grep -qxF "$_want" || return 1
  done
}
