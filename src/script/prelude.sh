# Comes before every script. The program's head has set AKCTL_MARK (a random word), AKCTL_LEN and AKCTL_SUM
# (length and SHA-256 of the payload; empty without one) and the positional parameters.
PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
umask 022
unset CDPATH ENV MAIL_CONFIG

# say TEXT: a line as it is; dash's echo would read backslashes.
say() {
  printf '%s\n' "$1"
}

# put KEY VALUE: one field of the answer; a value is one line (line breaks become spaces).
put() {
  case $2 in
    *'
'*) printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\n' ' ')" ;;
    *) printf '%s=%s\n' "$1" "$2" ;;
  esac
}

# put_file KEY FILE: a field that holds a file's bytes.
put_file() {
  printf '%s:=' "$1"
  base64 <"$2" | tr -d '\n'
  echo
}

# fail KIND MESSAGE: ends the script with a failure the caller knows: failed, conflict, locked, unauthorized.
fail() {
  put failure "$1"
  put message "$2"
  exit 1
}

# payload FILE: takes the payload from stdin, whole and verified, before anything is touched.
payload() {
  head -c "$AKCTL_LEN" >"$1" || fail failed "the payload could not be written to $1"
  _sum=$(sha256sum <"$1")
  if [ "${_sum%% *}" != "$AKCTL_SUM" ]; then
    rm -f "$1"
    fail failed 'the payload did not arrive whole; nothing was changed'
  fi
}

# The end mark tells a finished script from one that was cut: a killed shell prints none.
trap 'printf "\n%s end %s\n" "$AKCTL_MARK" "$?"' EXIT
printf '\n%s begin\n' "$AKCTL_MARK"
