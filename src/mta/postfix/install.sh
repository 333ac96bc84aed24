# mta_install LISTEN HOSTNAME
mta_install() {
  if ! command -v postfix >/dev/null || ! command -v postconf >/dev/null; then
    echo "Postfix is not installed on the node: run 'apt-get install postfix' there (Debian; choose \"No configuration\")" >&2
    return 1
  fi
  case $(mta_version) in
    [0-2].* | 3.[0-3] | 3.[0-3].*)
      echo "Postfix $(mta_version) is too old: 3.4 or newer is needed (it logs to a file of its own)" >&2
      return 1
      ;;
  esac
  if [ -f "$DIR/main.cf" ] && [ ! -d "$BASE" ]; then
    echo "there is a main.cf in it, of a Postfix that akctl does not run: of those it takes over /etc/postfix and /etc/postfix-NAME alone; choose another directory for an instance of its own" >&2
    return 1
  fi
  mkdir -p "$BASE" "$DIR/queue" "$DIR/data" "$DIR/log" || return 1
  pf_reachable || return 1
  chown "$(postconf -d -h mail_owner)" "$DIR/data" && chmod 700 "$DIR/data" || return 1
  [ -e "$BASE/main.cf" ] || pf_main "$2" | pf_keep main.cf || return 1
  [ -e "$BASE/master.cf" ] || pf_master "$1" | pf_keep master.cf
}

# pf_reachable: Postfix works as a user of its own, who must be able to enter every folder above the queue. Postfix
# itself says nothing at all when it can't.
pf_reachable() {
  _folder=$DIR
  while [ "$_folder" != / ] && [ -n "$_folder" ]; do
    case $(stat -L -c %A "$_folder") in
      *[xt]) ;;
      *)
        echo "the user $(postconf -d -h mail_owner) can't enter $_folder: run 'chmod o+x $_folder' there, or choose another directory" >&2
        return 1
        ;;
    esac
    _folder=$(dirname "$_folder")
  done
}

# pf_keep FILE: stdin as a file of the base, whole or not at all.
pf_keep() {
  cat >"$BASE/.$1.new" && mv "$BASE/.$1.new" "$BASE/$1"
}

pf_main() {
  cat <<END
# The base of this Postfix instance: yours to edit. akctl lays the send module settings over it (akctl mta sync) and
# never rewrites it. Postfix reads the result in $CONF.
compatibility_level = $(pf_level)
queue_directory = $DIR/queue
data_directory = $DIR/data
maillog_file = $DIR/log/mail.log
maillog_file_prefixes = $DIR/log
syslog_name = postfix-$(basename "$DIR")
myhostname = $1
mydestination =
mynetworks = 127.0.0.0/8 [::1]/128
inet_protocols = all
alias_maps =
alias_database =
local_transport = error:no local mail on this node
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtp_tls_security_level = may
END
}
# The newest rules this Postfix knows, up to those this skeleton was written for.
pf_level() {
  case $(mta_version) in
    3.[45] | 3.[45].*) echo 2 ;;
    *) echo 3.6 ;;
  esac
}

pf_master() {
  cat <<END
# service type private unpriv chroot wakeup maxproc command
$1 inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
END
}
