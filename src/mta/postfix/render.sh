# mta_render OUT EDITS: the base with the edits of driver.ts, one a line: WORD and its values, separated by tabs.
mta_render() {
  cp -a "$BASE/." "$1/" || return 1
  OUT=$1
  pf_edits "$2"
}

# pf_edits FILE: sets the parameters of all lines `main`, then calls pf_edit_WORD with the values of each other line.
pf_edits() {
  _edits=$1
  set --
  while IFS=$TAB read -r _word _a _b _; do
    [ "$_word" != main ] || set -- "$@" "$_a=$_b"
  done <"$_edits"
  [ $# -eq 0 ] || pf_set "$@" || return 1
  for _kind in maxproc channel listen sources fbl dns syslog; do
    while IFS=$TAB read -r _word _a _b _c; do
      [ "$_word" != "$_kind" ] || "pf_edit_$_kind" "$_a" "$_b" "$_c" </dev/null || return 1
    done <"$_edits"
  done
}

# pf_set NAME=VALUE…: parameters of main.cf, all at once: each call of postconf takes 20 ms of CPU to load its libraries.
pf_set() {
  pf_place "$@" >>"$OUT/main.cf" && pf_conf "$OUT" -e "$@"
}
# pf_place NAME=VALUE…: a line for each of them that main.cf has none of: postconf would add them in an order by chance.
pf_place() {
  _names=' '
  while IFS= read -r _line; do _names="$_names${_line%%[="$BLANK"]*} "; done <"$OUT/main.cf"
  [ -z "$_line" ] || echo # it does not end with a line break
  for _edit; do
    case $_names in *" ${_edit%%=*} "*) ;; *) say "${_edit%%=*} =" ;; esac
  done
}

# maxproc SERVICE/TYPE N, or `smtpd N` for every listener.
pf_edit_maxproc() {
  if [ "$1" != smtpd ]; then
    pf_conf "$OUT" -F "$1/process_limit=$2"
    return
  fi
  for _service in $(pf_smtpd); do
    pf_conf "$OUT" -F "$_service/inet/process_limit=$2" || return 1
  done
}
pf_smtpd() {
  pf_conf "$OUT" -M | awk '$2 == "inet" && $8 == "smtpd" { print $1 }'
}

# channel NAME N: a transport of its own with N processes, made when master.cf has none of that name.
pf_edit_channel() {
  if [ -n "$(pf_conf "$OUT" -M "$1/unix")" ]; then
    pf_conf "$OUT" -F "$1/unix/process_limit=$2"
  else
    pf_conf "$OUT" -M "$1/unix=$1 unix - - n - $2 smtp"
  fi
}

# listen IP,…: the first smtpd listener of master.cf, on these addresses only.
pf_edit_listen() {
  _service=$(pf_smtpd | head -n 1)
  [ -n "$_service" ] || {
    echo 'master.cf in the base has no smtpd listener' >&2
    return 1
  }
  _old=$(pf_conf "$OUT" -M "$_service/inet")
  _port=${_service##*:} _fields=${_old#"$_service"}
  pf_conf "$OUT" -MX "$_service/inet" || return 1
  for _ip in $(pf_list "$1"); do
    case $_ip in *:*) _ip="[$_ip]" ;; esac
    pf_conf "$OUT" -M "$_ip:$_port/inet=$_ip:$_port$_fields" || return 1
  done
}

# sources N IPV4,… IPV6,… (`-` for none): one pair of addresses is a parameter; of several, each is a transport of its
# own, chosen at random a message. N is the number of processes of each, or `-`.
pf_edit_sources() {
  _limit=$1 _n=0 _maps=''
  _v4=$(pf_list "$2") _v6=$(pf_list "$3")
  _count=$(printf '%s\n%s\n' "$(pf_count "$_v4")" "$(pf_count "$_v6")" | sort -n | tail -n 1)
  pf_bind smtp "$(pf_nth 0 "$_v4")" "$(pf_nth 0 "$_v6")" || return 1
  pf_bind relay "$(pf_nth 0 "$_v4")" "$(pf_nth 0 "$_v6")" || return 1
  [ "$_count" -gt 1 ] || return 0
  while [ "$_n" -lt "$_count" ]; do
    _name=akctl-out-$((_n + 1))
    pf_conf "$OUT" -M "$_name/unix=$_name unix - - n - $_limit smtp" || return 1
    pf_bind "$_name" "$(pf_nth "$_n" "$_v4")" "$(pf_nth "$_n" "$_v6")" || return 1
    _maps="$_maps${_maps:+, }$_name:" _n=$((_n + 1))
  done
  pf_conf "$OUT" -e "sender_dependent_default_transport_maps=randmap:{$_maps}"
}
# pf_bind SERVICE IPV4 IPV6: a family without an address is not used, or mail would leave from one nobody named.
pf_bind() {
  [ -n "$(pf_conf "$OUT" -M "$1/unix")" ] || return 0
  set -- "$1" "$2" "$3" all
  [ -n "$2" ] || set -- "$1" "$2" "$3" ipv6
  [ -n "$3" ] || set -- "$1" "$2" "$3" ipv4
  pf_conf "$OUT" -P "$1/unix/smtp_bind_address=$2" "$1/unix/smtp_bind_address6=$3" "$1/unix/inet_protocols=$4" \
    "$1/unix/smtp_bind_address_enforce=yes"
}
pf_list() {
  [ "$1" = - ] || echo "$1" | tr ',' ' '
}
pf_count() {
  # shellcheck disable=SC2086
  set -- $1
  echo $#
}
# pf_nth N LIST: the element N (from 0) of a list that starts over at its end.
pf_nth() {
  _nth=$1
  # shellcheck disable=SC2086
  set -- $2
  [ $# -gt 0 ] || return 0
  shift $((_nth % $#))
  echo "$1"
}

# pf_fbl NAME: the table that renames the header X-FBL of what leaves; in a replacement `$` is spelled `$$`.
pf_fbl() {
  # shellcheck disable=SC2016 # Postfix expands it
  printf '/^X-FBL:(.*)$/ REPLACE %s:$1\n' "$(printf '%s' "$1" | sed 's/\$/$$/g')"
}
pf_edit_fbl() {
  pf_fbl "$1" >"$OUT/akctl-fbl" || return 1
  _own=$(pf_conf "$OUT" -h smtp_header_checks)
  # shellcheck disable=SC2016 # Postfix expands it
  pf_conf "$OUT" -e "smtp_header_checks=regexp:\$config_directory/akctl-fbl${_own:+, $_own}"
}

# dns N: libc's resolver is told by its environment; Postfix itself has no such parameter.
pf_edit_dns() {
  pf_conf "$OUT" -e "import_environment=$(pf_conf "$OUT" -h import_environment) { RES_OPTIONS=timeout:$1 attempts:2 }"
}

pf_edit_syslog() {
  case $1 in
    yes) pf_conf "$OUT" -e maillog_file= ;;
    no) pf_conf "$OUT" -e "maillog_file=$DIR/log/mail.log" "maillog_file_prefixes=$DIR/log" ;;
  esac
}
