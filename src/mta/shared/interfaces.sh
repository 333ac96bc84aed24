# interfaces: the node's addresses (by `ip`, else from /proc), and what the MTA listens on.
if command -v ip >/dev/null; then
  ip -o addr show 2>/dev/null | awk '{ sub("/.*", "", $4); sub("@.*", "", $2); print $2, $4 }'
else
  awk '/\|--/ { ip = $2 } /\/32 host LOCAL/ { print ip }' /proc/net/fib_trie 2>/dev/null | sort -u |
    while read -r IP; do
      case $IP in 127.*) echo "lo $IP" ;; *) echo "- $IP" ;; esac
    done
  while read -r HEX _ _ _ _ NAME; do
    echo "$NAME $(echo "$HEX" | sed 's/..../&:/g; s/:$//')"
  done 2>/dev/null </proc/net/if_inet6
fi | while IFS= read -r LINE; do put address "$LINE"; done
PID=$(mta_pid)
[ -z "$PID" ] || ak_listening "$PID" | while IFS= read -r ADDR; do put listen "$ADDR"; done
