# probe DIR: who this is here, what the clock says, and whether DIR is there or could be made.
put user "$(id -un 2>/dev/null || id -u)"
put clock "$(date +%s)"
put fqdn "$(hostname -f 2>/dev/null || hostname 2>/dev/null)"
if [ -d "$1" ]; then
  put directory yes
  if [ -w "$1" ]; then put writable yes; else put writable no; fi
else
  put directory no
  ABOVE=$1
  while [ ! -e "$ABOVE" ] && [ "$ABOVE" != / ]; do ABOVE=$(dirname "$ABOVE"); done
  put above "$ABOVE"
  if [ -d "$ABOVE" ] && [ -w "$ABOVE" ]; then put writable yes; else put writable no; fi
fi
