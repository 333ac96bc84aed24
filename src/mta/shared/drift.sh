# shellcheck disable=SC2034 # EDITED, SAME_BASE, VERSION and ASKED are read by the verbs
# What is not as akctl wrote it: the files of a revision, the base that it was made from, and what the process reads.

# ak_look REV: sets EDITED to the files of a revision that are not as written, and `base` when the base has changed since,
# one a line; LIVE_EDITED to those of the revision that the process reads, and LIVE to its number, where that is another one;
# SAME_BASE to whether the base is the same; VERSION to the MTA's, and ASKED to whether it was asked. One sha256sum tells
# that all is as it was, the program too whose bytes the version was asked of; only else a closer look is taken, and the
# program asked.
ak_look() {
  EDITED='' LIVE_EDITED='' SAME_BASE=yes VERSION='' ASKED=no FILES=0 LIST=''
  ak_other_live "$1"
  if [ -n "${MTA_PROGRAM:-}" ] && read -r _sum VERSION <"$AK/version" && [ -n "$VERSION" ]; then
    LIST="$_sum  $MTA_PROGRAM$NL"
  fi 2>/dev/null
  if [ -n "$MTA_OWNS" ]; then
    EDITED=$(mta_edited "$1" | sort -u)
    ak_true_list || VERSION=
  elif ! ak_as_listed "$REVS/$1/conf" "$REVS/$1/sums" || ! ak_as_listed "$BASE" "$REVS/$1/base.sums" "${MTA_BASE_SKIP:-}" ||
    ! ak_live_listed || [ "$FILES" -ne 0 ] || ! ak_true_list; then
    VERSION='' EDITED=$(ak_edited_files "$1")
    [ -z "$LIVE" ] || LIVE_EDITED=$(ak_edited_files "$LIVE")
    if ! ak_base_same "$1"; then SAME_BASE=no EDITED=$EDITED${EDITED:+$NL}base; fi
  fi
  [ -n "$VERSION" ] || ASKED=yes VERSION=$(mta_version 2>/dev/null)
}

# ak_other_live REV: sets LIVE to the number of the revision that the process reads; empty when that is REV.
ak_other_live() {
  LIVE=''
  if [ -n "$MTA_OWNS" ] || [ "$AK/live" -ef "$REVS/$1" ]; then return 0; fi
  if cd -P "$AK/live" 2>/dev/null; then LIVE=${PWD##*/} && cd /; fi
}
ak_live_listed() {
  [ -z "$LIVE" ] || ak_as_listed "$REVS/$LIVE/conf" "$REVS/$LIVE/sums"
}

# ak_as_listed FOLDER SUMS [SKIP]: adds the folder's sums to LIST; and to FILES how many more files it has (but below a
# name SKIP) than are in them. It fails where that can't tell: a link, a pipe or a device wants the closer look.
ak_as_listed() {
  while IFS= read -r _line; do
    case $_line in \\*) return 1 ;; esac # an escaped name
    FILES=$((FILES - 1)) LIST="$LIST${_line%%  *}  $1/${_line#*  ./}$NL"
  done <"$2" || return 1
  ak_count "$1" "${3:-/}"
} 2>/dev/null
ak_count() {
  for _file in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ "${_file##*/}" = "$2" ]; then
      continue
    elif [ -L "$_file" ]; then
      return 1
    elif [ -d "$_file" ]; then
      ak_count "$_file" "$2" || return 1
    elif [ -f "$_file" ]; then
      FILES=$((FILES + 1))
    elif [ -e "$_file" ]; then
      return 1
    fi
  done
}
# ak_true_list: whether all files in LIST have the sums that it says; an empty one is true.
ak_true_list() {
  [ -n "$LIST" ] || return 0
  sha256sum -c >/dev/null 2>&1 <<END
${LIST%"$NL"}
END
}

# ak_sums FOLDER [SKIP]: sums of all files below (of a link: of its target's name) but those below a name SKIP, in a fixed
# order.
ak_sums() {
  (
    cd "$1" 2>/dev/null || exit 0
    # shellcheck disable=SC2016 # for the inner shell
    find . -name "${2:-}" -prune -o -type f -exec sha256sum {} + -o -type l \
      -exec sh -c 'for f; do printf "%s  %s\n" "$(readlink "$f" | sha256sum | cut -c 1-64)" "$f"; done' sh {} +
  ) | LC_ALL=C sort -k 2
}
ak_base_sums() {
  [ -n "$MTA_OWNS" ] || ak_sums "$BASE" "${MTA_BASE_SKIP:-}"
}
ak_edited_files() {
  ak_sums "$REVS/$1/conf" | LC_ALL=C sort - "$REVS/$1/sums" | uniq -u | sed 's/^\\\{0,1\}[0-9a-f]\{64\} [ *]\.\///' | sort -u
}
# ak_union LINES LINES: the lines of both, sorted.
ak_union() {
  printf '%s\n%s\n' "$1" "$2" | sed '/^$/d' | LC_ALL=C sort -u
}
ak_base_same() {
  ak_base_sums | cmp -s - "$REVS/$1/base.sums"
}

# ak_know_version: keeps what the MTA's version is, with the sum of the program that said so. Trouble only costs time.
ak_know_version() {
  [ -n "${MTA_PROGRAM:-}" ] || return 0
  _sum=$(sha256sum <"$MTA_PROGRAM") && say "${_sum%% *} $VERSION" >"$AK/.version.new" && mv "$AK/.version.new" "$AK/version"
} 2>/dev/null
