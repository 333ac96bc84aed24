# Haraka's ini files, read and written as haraka-config reads them: keys before any section belong to [main], a
# line that ends in a backslash goes on in the next one, comments begin with ; or #.

# hk_ini_get FILE SECTION KEY: the value; nothing when it is not set.
hk_ini_get() {
  [ -f "$1" ] || return 0
  WANT=$2 KEY=$3 awk '
    BEGIN { section = "main" }
    /^[ \t]*[;#]/ || /^[ \t]*$/ { next }
    /^[ \t]*\[[^]]*\][ \t]*$/ { section = $0; gsub(/^[ \t]*\[[ \t]*|[ \t]*\][ \t]*$/, "", section); next }
    /\\[ \t]*$/ { sub(/\\[ \t]*$/, ""); joined = joined $0; next }
    {
      line = joined $0; joined = ""
      at = index(line, "=")
      name = at ? substr(line, 1, at - 1) : line
      gsub(/^[ \t]+|[ \t]+$/, "", name)
      if (section == ENVIRON["WANT"] && name == ENVIRON["KEY"]) {
        value = at ? substr(line, at + 1) : ""
        gsub(/^[ \t]+|[ \t\r]+$/, "", value)
      }
    }
    END { if (value != "") print value }' "$1"
}

# hk_ini_set FILE SECTION KEY [VALUE]: one assignment of the key, at the place of the first old one; without VALUE none.
hk_ini_set() {
  [ -f "$1" ] || : >"$1"
  (umask 077 && : >"$1.new") || return 1
  WANT=$2 KEY=$3 VALUE=${4-} KEEP=$(($# - 3)) awk '
    function put() { if (ENVIRON["KEEP"] == 1 && !done) print ENVIRON["KEY"] "=" ENVIRON["VALUE"]; done = 1 }
    { line[NR] = $0 }
    END {
      section = "main"; target = 0; header = 0
      for (i = 1; i <= NR; i++) {
        if (carry) { if (carry == 2) drop[i] = 1; if (line[i] !~ /\\[ \t\r]*$/) carry = 0; continue }
        if (line[i] ~ /^[ \t]*\[[^]]*\][ \t\r]*$/) {
          section = line[i]; gsub(/^[ \t]*\[[ \t]*|[ \t]*\][ \t\r]*$/, "", section)
          if (section == ENVIRON["WANT"] && !header) header = i
          continue
        }
        name = line[i]; sub(/=.*/, "", name); gsub(/^[ \t]+|[ \t\r\\]+$/, "", name)
        if (section == ENVIRON["WANT"] && name == ENVIRON["KEY"]) {
          if (!target) target = i
          drop[i] = 1
        }
        if (line[i] ~ /\\[ \t\r]*$/ && line[i] !~ /^[ \t]*[;#]/) carry = 1 + drop[i]
      }
      if (!target && !header && ENVIRON["WANT"] == "main") put()
      for (i = 1; i <= NR; i++) {
        if (i == target) put()
        if (!drop[i]) print line[i]
        if (i == header && !target) put()
      }
      if (!done && ENVIRON["KEEP"] == 1) { print "[" ENVIRON["WANT"] "]"; put() }
    }' "$1" >"$1.new" && hk_replace "$1.new" "$1"
}

# hk_ini_default FILE SECTION KEY VALUE: only where the operator has not set it.
hk_ini_default() {
  [ -n "$(hk_ini_get "$1" "$2" "$3")" ] || hk_ini_set "$1" "$2" "$3" "$4"
}

# hk_replace NEW FILE: FILE's content becomes NEW's; its owner and mode stay.
hk_replace() {
  cat "$1" >"$2" && rm -f "$1"
}
