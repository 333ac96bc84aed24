# mta_install LISTEN HOSTNAME: programs from $ARCHIVE (empty when the node has them already), the folders, and the base
# where there is none. Run again it changes only what is not as it should be.
mta_install() {
  mkdir -p "$DIR" || return 1
  rm -rf "$DIR"/.unpack.* "$DIR"/.base.*
  if [ -n "$ARCHIVE" ] && ! hk_unpack; then
    rm -rf "$DIR/.unpack.$$"
    return 1
  fi
  [ -f "$HK_PROGRAM/bin/haraka" ] || {
    echo "Haraka is not in $DIR/mta, and none was sent" >&2
    return 1
  }
  _node=$(hk_node) || {
    echo 'there is no Node.js on this machine, and none was sent' >&2
    return 1
  }
  _version=$("$_node" --version 2>&1)
  case $_version in
    v[2-9][0-9].* | v1[0-9][0-9].*) ;;
    *)
      echo "Haraka needs Node.js 20 or newer, and $_node is ${_version:-not to be run}" >&2
      return 1
      ;;
  esac
  if [ ! -d "$BASE" ]; then hk_skeleton "$1" "$2" || return 1; fi
  mkdir -p "$DIR/log" "$DIR/run" || return 1
  hk_prune
}

# hk_unpack: into a new folder, then one rename a program: what runs keeps its files.
hk_unpack() {
  _new=$DIR/.unpack.$$
  if ! mkdir "$_new" || ! tar -xzof "$ARCHIVE" -C "$_new"; then
    echo "the archive could not be unpacked in $DIR (is the disk full?)" >&2
    return 1
  fi
  _id=$(cat "$_new/mta/id") || return 1
  if [ -f "$_new/runtime/bin/node" ]; then
    mkdir -p "$DIR/runtime/bin" && mv -f "$_new/runtime/bin/node" "$DIR/runtime/bin/node" || return 1
  fi
  mkdir -p "$DIR/versions" || return 1
  rm -rf "$DIR/versions/$_id.old"
  [ ! -d "$DIR/versions/$_id" ] || mv "$DIR/versions/$_id" "$DIR/versions/$_id.old" || return 1
  mv -T "$_new/mta" "$DIR/versions/$_id" || return 1
  if [ -d "$DIR/mta" ] && [ ! -L "$DIR/mta" ]; then mv -T "$DIR/mta" "$DIR/versions/unpacked.$$" || return 1; fi
  ln -sfn "versions/$_id" "$DIR/.mta.new" && mv -T "$DIR/.mta.new" "$DIR/mta" || return 1
  rm -rf "$_new"
}

# hk_prune: removes versions but the one in use, the newest other, and the one that runs (of a version that was sent
# anew, its files before that, too). An archive that is unpacked over a node can't do it. Where it can't be told what
# runs, all stay.
hk_prune() {
  _used=$(readlink "$DIR/mta") _whose='' _runs='' _before=''
  _pid=$(mta_pid)
  if [ -n "$_pid" ]; then
    read -r _whose _runs 2>/dev/null <"$DIR/run/haraka.program" || return 0
    [ "$_whose" = "$_pid" ] || return 0
  fi
  for _old in "$DIR/versions"/*; do
    case versions/${_old##*/} in
      "$_used" | "$_used.old") ;;
      *) if [ -z "$_before" ] || [ "$_old" -nt "$DIR/$_before" ]; then _before=versions/${_old##*/}; fi ;;
    esac
  done
  for _old in "$DIR/versions"/*; do
    case versions/${_old##*/} in
      "$_used" | "$_used.old" | "$_runs" | "$_runs.old" | "$_before") ;;
      *) rm -rf "$_old" ;;
    esac
  done
}

# hk_skeleton LISTEN HOSTNAME: a relay for this machine alone; the operator takes it from there.
hk_skeleton() {
  _base=$DIR/.base.$$
  _config=$_base/config
  mkdir -p "$_config" "$_base/plugins" || return 1
  {
    echo '; Yours: akctl made this folder once and never writes to it again. What Haraka reads is this folder and the send'
    echo '; module settings; a change here is taken in by akctl mta sync. nodes, daemonize and the daemon files are set by akctl.'
    echo "listen=$1"
    echo 'graceful_shutdown=true'
    echo '; seconds a stop waits for deliveries that are under way'
    echo 'force_shutdown_timeout=20'
    if [ "$(id -u)" -eq 0 ]; then
      echo '; whom Haraka becomes once it listens'
      echo 'user=nobody'
      echo "group=$(id -gn nobody)"
    fi
  } >"$_config/smtp.ini" || return 1
  echo "$2" >"$_config/me"
  printf 'level=info\ntimestamps=true\nformat=default\n' >"$_config/log.ini"
  printf '; deliveries at the same time\nconcurrency_max=100\n' >"$_config/outbound.ini"
  printf '# relay: who may send through this server (relay_acl_allow) and where to (relay_dest_domains.ini)\nrelay\n' >"$_config/plugins"
  printf '127.0.0.0/8\n::1/128\n' >"$_config/relay_acl_allow"
  printf '[domains]\n; all mail to one next hop: any={"nexthop":"192.0.2.1:25"}\n' >"$_config/relay_dest_domains.ini"
  cp "$HK_PROGRAM/config/connection.ini" "$HK_PROGRAM/config/outbound.bounce_message" "$_config/" || return 1
  (
    umask 077
    head -c 32 /dev/urandom | sha256sum | cut -d' ' -f1 >"$_config/internalcmd_key"
  )
  [ "$(id -u)" -ne 0 ] || chown nobody "$_config/internalcmd_key" || return 1
  mv -T "$_base" "$BASE"
}

