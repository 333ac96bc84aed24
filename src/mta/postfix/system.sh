# The system's Postfix: akctl owns parameters of DIR/main.cf, not files. A revision's conf/parameters holds the owned
# ones, its `found` what they were at take-over (`=VALUE`, or `-` for none).

# pf_adopt: called by mta_paths; these functions take the place of those of an instance of its own.
# shellcheck disable=SC2317,SC2034 # called and read by the shared scripts
pf_adopt() {
  BASE=$DIR CONF=$DIR MTA_OWNS=parameters MTA_READS=$DIR/main.cf
  MTA_LOG=$(pf_values "$DIR/main.cf" | pf_value maillog_file)
  [ -f "$MTA_LOG" ] || MTA_LOG=/var/log/mail.log

  mta_install() {
    [ -f "$DIR/main.cf" ] && [ -f "$DIR/master.cf" ] && return 0
    echo "there is no main.cf or no master.cf in $DIR: install and configure the system's Postfix first" >&2
    return 1
  }

  mta_render() {
    OUT=$1
    : >"$OUT/parameters"
    pf_edits "$2" || return 1
    LC_ALL=C sort -o "$OUT/parameters" "$OUT/parameters"
  }
  pf_set() {
    for _edit; do say "${_edit%%=*} = ${_edit#*=}" >>"$OUT/parameters"; done
  }
  pf_edit_maxproc() { pf_refuse 'process limits'; }
  pf_edit_channel() { pf_refuse 'a transport of its own'; }
  pf_edit_listen() { pf_set "inet_interfaces=$1"; }
  pf_edit_sources() {
    case $2$3 in *,*) pf_refuse 'several sending addresses' || return 1 ;; esac
    [ "$2" = - ] || pf_set "smtp_bind_address=$2"
    [ "$3" = - ] || pf_set "smtp_bind_address6=$3"
  }
  pf_edit_fbl() {
    pf_fbl "$1" >"$OUT/akctl-fbl" || return 1
    _own=$(pf_found smtp_header_checks)
    pf_set "smtp_header_checks=regexp:$AK/tables/$(pf_table "$OUT/akctl-fbl")${_own:+, $_own}"
  }
  pf_edit_dns() {
    _own=$(pf_found import_environment)
    pf_set "import_environment=${_own:-$(postconf -d -h import_environment)} { RES_OPTIONS=timeout:$1 attempts:2 }"
  }
  pf_edit_syslog() {
    if [ "$1" = yes ]; then
      pf_set maillog_file=
    else
      grep -q '^postlog[[:space:]]' "$DIR/master.cf" || pf_refuse 'a log file without syslog (the service postlog)' || return 1
      pf_set maillog_file=/var/log/postfix.log
    fi
  }
  pf_adopt_rest
}

# The second half of pf_adopt.
# shellcheck disable=SC2317,SC2034 # called and read by the shared scripts
pf_adopt_rest() {
  mta_check() {
    pf_merge "$1/parameters" /dev/null && pf_accepts "$AK/.merge"
    _status=$?
    rm -rf "$AK/.merge"
    return "$_status"
  }

  # What a start would have read cannot be told from equal parameters: hand edits may have been in force.
  mta_change() {
    _changed=$({ pf_values "$1/parameters" && pf_values "$2/parameters"; } | sort | uniq -u | cut -f 1)
    for _name in $_changed; do
      case " $PF_STATIC " in *" $_name "*) echo restart && return ;; esac
    done
    echo reload
  }

  mta_reload() {
    _pid=$(mta_pid)
    _before=$(pf_child "$_pid" qmgr)
    kill -HUP "$_pid" && pf_await_reload "$_pid" "$_before"
  }

  pf_default_queue() {
    postconf -d -h queue_directory
  }
}

pf_refuse() {
  echo "$1 would need master.cf, which akctl leaves alone in the system's Postfix" >&2
  return 1
}
# pf_values FILE: `NAME<tab>VALUE` of each logical line of a main.cf; of several with one name the last counts.
pf_values() {
  awk '
    function keep() {
      if (i = index(line, "=")) {
        name = substr(line, 1, i - 1); value = substr(line, i + 1)
        gsub(/[ \t]/, "", name); sub(/^[ \t]+/, "", value); sub(/[ \t]+$/, "", value)
        values[name] = value
      }
      line = ""
    }
    /^[ \t]*(#|$)/ { next }
    /^[ \t]/ { line = line $0; next }
    { keep(); line = $0 }
    END { keep(); for (name in values) print name "\t" values[name] }' "$1"
}
# pf_value NAME: its value among `NAME<tab>VALUE` lines; fails when it is not there.
pf_value() {
  awk -F '\t' -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }'
}

# pf_found NAME: the value at take-over: what the revision in force knows of it, else what main.cf says now.
pf_found() {
  ak_current
  _rev=$REVS/$AK_CUR
  if _was=$(pf_value "$1" 2>/dev/null <"$_rev/found"); then
    [ "$_was" = - ] || say "${_was#=}"
  else
    pf_values "$DIR/main.cf" | pf_value "$1" || :
  fi
}

# pf_table FILE: the name a table is kept under; it says what is in it, so that no table ever changes.
pf_table() {
  echo "fbl-$(sha256sum <"$1" | cut -c 1-16)"
}

# pf_merge PARAMETERS GIVEN_BACK: $AK/.merge/main.cf, as it would be with these; GIVEN_BACK: `NAME<tab>=VALUE` or `-`.
pf_merge() {
  rm -rf "$AK/.merge"
  if ! mkdir "$AK/.merge" || ! cp -p "$DIR/main.cf" "$DIR/master.cf" "$AK/.merge/"; then return 1; fi
  cp "$DIR/main.cf" "$AK/.merge/before"
  while IFS=$TAB read -r _name _value; do
    case $_value in
      -) ! pf_values "$DIR/main.cf" | pf_value "$_name" >/dev/null || pf_conf "$AK/.merge" -X "$_name" || return 1 ;;
      *) pf_conf "$AK/.merge" -e "$_name=${_value#=}" || return 1 ;;
    esac
  done <"$2"
  while IFS= read -r _line; do
    [ "$(pf_values "$DIR/main.cf" | pf_value "${_line%% *}" || echo ' ')" = "$(say "${_line#*=}" | sed 's/^ *//; s/ *$//')" ] ||
      pf_conf "$AK/.merge" -e "$_line" || return 1
  done <"$1"
}

# mta_commit REV: one rename of main.cf is what counts; `intent` tells, by the sum it will have, whether it has happened.
mta_commit() {
  _was=$(readlink "$AK/current") _was=${_was##*/}
  if [ "$(mta_current "$_was")" != "$1" ] && ! pf_swap "$1" "$_was"; then
    rm -rf "$(readlink -f "$DIR/main.cf").akctl" "$AK/intent"
    return 1
  fi
  ak_link current "$1"
  rm -rf "$AK/intent" "$AK/.merge" "$AK/.given-back"
}

# pf_swap NEW OLD: puts a main.cf with the parameters of NEW in place of that with those of OLD.
pf_swap() {
  _main=$(readlink -f "$DIR/main.cf")
  pf_owners "$1" "$2" && pf_merge "$REVS/$1/written/parameters" "$AK/.given-back" && pf_keep_table "$REVS/$1/written/akctl-fbl" &&
    cp -a "$_main" "$_main.akctl" && cat "$AK/.merge/main.cf" >"$_main.akctl" || return 1
  echo "$1 $(sha256sum <"$AK/.merge/main.cf" | cut -c 1-64)" >"$AK/.intent.new" && mv "$AK/.intent.new" "$AK/intent" || return 1
  if ! cmp -s "$_main" "$AK/.merge/before"; then
    WHY_NOT="somebody has just written $_main; try again"
    return 1
  fi
  mv "$_main.akctl" "$_main"
}
pf_keep_table() {
  [ -f "$1" ] || return 0
  mkdir -p "$AK/tables" && cp "$1" "$AK/tables/.new" && mv "$AK/tables/.new" "$AK/tables/$(pf_table "$1")"
}

# pf_owners NEW OLD: found values of the parameters NEW owns, and those that OLD owned and NEW does not, to give back.
pf_owners() {
  pf_values "$REVS/$1/written/parameters" | while IFS=$TAB read -r _name _; do
    if ! _old=$(pf_value "$_name" 2>/dev/null <"$REVS/$2/found"); then
      if _old=$(pf_values "$DIR/main.cf" | pf_value "$_name"); then _old="=$_old"; else _old=-; fi
    fi
    printf '%s\t%s\n' "$_name" "$_old"
  done >"$REVS/$1/.found" && mv "$REVS/$1/.found" "$REVS/$1/found" || return 1
  : >"$AK/.given-back"
  [ ! -f "$REVS/$2/found" ] || while IFS=$TAB read -r _name _old; do
    pf_value "$_name" <"$REVS/$1/found" >/dev/null || printf '%s\t%s\n' "$_name" "$_old" >>"$AK/.given-back"
  done <"$REVS/$2/found"
}

mta_current() {
  if read -r _to _sum 2>/dev/null <"$AK/intent" && [ "$_to" != "$1" ] &&
    [ "$(sha256sum <"$DIR/main.cf" | cut -c 1-64)" = "$_sum" ]; then
    echo "$_to"
  else
    echo "$1"
  fi
}

mta_edited() {
  _now=$(pf_values "$DIR/main.cf")
  pf_values "$REVS/$1/written/parameters" | while IFS= read -r _line; do
    say "$_now" | grep -qxF "$_line" || echo "${_line%%"$TAB"*}"
  done
}

# mta_now OUT WANTED REV: main.cf's lines for all that REV or WANTED owns; what REV would give back goes to WANTED.
mta_now() {
  {
    pf_values "$2/parameters"
    pf_values "$REVS/$3/written/parameters"
  } | cut -f 1 | sort -u | while read -r _name; do
    ! _value=$(pf_values "$DIR/main.cf" | pf_value "$_name") || say "$_name = $_value" >>"$1/parameters"
    grep -q "^$_name = " "$2/parameters" || {
      _value=$(pf_value "$_name" <"$REVS/$3/found")
      [ "$_value" = - ] || say "$_name = ${_value#=}" >>"$2/parameters"
    }
  done
  LC_ALL=C sort -o "$2/parameters" "$2/parameters"
  [ ! -f "$REVS/$3/conf/akctl-fbl" ] || cp "$REVS/$3/conf/akctl-fbl" "$1/"
}

# mta_keep REV: the hand edits of owned parameters, before they are replaced.
mta_keep() {
  mkdir -p "$REVS/$1/edited" && mta_edited "$1" | while read -r _name; do
    ! _value=$(pf_values "$DIR/main.cf" | pf_value "$_name") || say "$_name = $_value"
  done >"$REVS/$1/edited/parameters"
}
