# What Haraka reads: the operator's base, what akctl needs to run it, and the settings.

# mta_render OUT EDITS: edits are tab-separated lines: `ini FILE SECTION KEY VALUE`, `plugin NAME`, `listen IP,IP`,
# `bounces-from ADDRESS`.
mta_render() {
  [ -f "$BASE/config/smtp.ini" ] || {
    echo "$BASE/config/smtp.ini is missing: run akctl nodes install, or put the file back" >&2
    return 1
  }
  cp -a "$BASE/config" "$1/config" && mkdir "$1/plugins" || return 1
  if [ -d "$BASE/plugins" ]; then cp -a "$BASE/plugins/." "$1/plugins/" || return 1; fi
  if [ -d "$BASE/node_modules" ]; then ln -s "$BASE/node_modules" "$1/node_modules" || return 1; fi
  cp -a "$DIR/mta/plugins/akctl" "$1/plugins/akctl" || return 1

  HK_CONFIG=$1/config
  hk_run_by_akctl || return 1
  while IFS='	' read -r _verb _a _b _c _d; do
    case $_verb in
      ini) hk_ini_set "$HK_CONFIG/$_a" "$_b" "$_c" "$_d" ;;
      plugin) printf '\n%s\n' "$_a" >>"$HK_CONFIG/plugins" ;;
      listen) hk_listen_on "$_a" ;;
      bounces-from) hk_bounces_from "$_a" ;;
      *) ! echo "this akctl's Haraka driver does not know the edit \"$_verb\"" >&2 ;;
    esac || return 1
  done <"$2"
}

# hk_run_by_akctl: one process (the workers of a cluster forget each other's spooled messages), in the background, its
# files in DIR. The log's time stamps and the limit of deliveries are set only where the base says nothing; the two
# files are ones without which Haraka fails at the first connection or bounce.
hk_run_by_akctl() {
  hk_ini_set "$HK_CONFIG/smtp.ini" main nodes 0 &&
    hk_ini_set "$HK_CONFIG/smtp.ini" main daemonize true &&
    hk_ini_set "$HK_CONFIG/smtp.ini" main daemon_log_file "$MTA_LOG" &&
    hk_ini_set "$HK_CONFIG/smtp.ini" main daemon_pid_file "$HK_PID" &&
    hk_ini_default "$HK_CONFIG/smtp.ini" main graceful_shutdown true &&
    hk_ini_default "$HK_CONFIG/log.ini" main timestamps true &&
    hk_ini_default "$HK_CONFIG/outbound.ini" main concurrency_max 100 &&
    printf '\nakctl/start\n' >>"$HK_CONFIG/plugins" &&
    { grep -q . "$HK_CONFIG/queue_dir" 2>/dev/null || echo "$DIR/queue" >"$HK_CONFIG/queue_dir"; } &&
    { [ -f "$HK_CONFIG/connection.ini" ] || cp "$HK_PROGRAM/config/connection.ini" "$HK_CONFIG/"; } &&
    { [ -f "$HK_CONFIG/outbound.bounce_message" ] || cp "$HK_PROGRAM/config/outbound.bounce_message" "$HK_CONFIG/"; }
}

# hk_listen_on IP,IP: these addresses with every port the base listens on.
hk_listen_on() {
  _ports=$({
    hk_ini_get "$HK_CONFIG/smtp.ini" main port
    hk_ini_get "$HK_CONFIG/smtp.ini" main listen | tr ',' '\n' | sed -n 's/^[^:]*:\([0-9]*\) *$/\1/p; s/.*\]:\([0-9]*\) *$/\1/p; s/^ *\([0-9]*\) *$/\1/p'
  } | grep . | sort -un)
  _listen=
  for _port in ${_ports:-25}; do
    for _ip in $(echo "$1" | tr ',' ' '); do
      case $_ip in
        *:*) _ip="[$_ip]" ;;
      esac
      _listen=${_listen:+$_listen,}$_ip:$_port
    done
  done
  hk_ini_set "$HK_CONFIG/smtp.ini" main port && hk_ini_set "$HK_CONFIG/smtp.ini" main listen "$_listen"
}

# hk_bounces_from ADDRESS: the From line of the bounce template.
hk_bounces_from() {
  _template=$HK_CONFIG/outbound.bounce_message
  FROM=$1 awk '
    !body && /^[ \t\r]*$/ { if (!done) print "From: " ENVIRON["FROM"]; done = 1; body = 1 }
    !body && tolower($0) ~ /^from:/ { if (!done) print "From: " ENVIRON["FROM"]; done = 1; next }
    { print }' "$_template" >"$_template.new" && hk_replace "$_template.new" "$_template"
}

# mta_check OUT: Haraka's own loader takes the plugins, and the listeners and the user are ones this machine has.
mta_check() {
  _node=$(hk_node) || return 1
  (
    cd "$DIR" || exit 1
    unset NODE_OPTIONS NODE_PATH __daemon
    HARAKA=$1 exec "$_node" "$DIR/mta/check.js"
  ) </dev/null 9>&-
}
