#!/bin/sh
# usher-host: what "usher host" does, for a host without Node. Printed by "usher export host-script"; docs/hosts.md has the protocol and the files.
#   usher-host enroll TOKENFILE [--state DIR] [--dir DIR] [--host-key FILE]... [--sshd-config FILE] [--drop-in FILE | --no-drop-in]
#                               [--reload COMMAND] [--auth-log FILE|journal]
#   usher-host sync [--state DIR] [--dry-run]
# Needs curl, tar, flock, what coreutils or busybox bring, and ssh-keygen of OpenSSH 8.2 or newer.
# shellcheck disable=SC2015 # in "A && B || die" both may fail, and die does not return
set -euf
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin LC_ALL=C TZ=UTC
export PATH LC_ALL TZ
unset TAR_OPTIONS SSH_AUTH_SOCK SSH_ASKPASS
AUTHORITY='@AUTHORITY@'
BUNDLE_KEY='@BUNDLE_KEY@'
BEGIN='-----BEGIN SSH SIGNATURE-----' END='-----END SSH SIGNATURE-----'
state=/var/lib/usher dry='' failed=0

say() { printf 'usher-host: %s\n' "$1" >&2; }
die() { say "error: $1" && exit 1; }
usage() { say "error: $1" && say 'hint: usher-host enroll TOKENFILE [options], usher-host sync [--state DIR] [--dry-run]' && exit 2; }
printable() { tr '\n' ' ' | tr -cd '\040-\176' | cut -c "1-$1" | sed 's/^ *//;s/ *$//'; }
said() { printable 300 <"$work/stderr"; }
# Said, and reported: what can be done nevertheless is done, then the run has failed.
problem() { say "error: $1" && failed=1 && printf '%s\n' "$1" | printable 200 >>"$work/problems"; }

# --- Files: whole or not at all, and with their rights before they have their name ---

flush() { sync "$1" 2>/dev/null || sync; }
put() { # FILE MODE <content
  { cat >"$1.usher-new" && chmod "$2" "$1.usher-new" && flush "$1.usher-new" && mv -f "$1.usher-new" "$1" && flush "${1%/*}"; } ||
    { rm -f "$1.usher-new" && die "$1 can not be written"; }
}
is_same() { cmp -s "$1" "$2" && [ -n "$(find "$2" -prune -type f -user "$(id -u)" -perm 644)" ]; }
show() { if [ -f "$2" ]; then diff -u -L "$2" -L "$2" "$2" "$1"; else diff -u -L /dev/null -L "$2" /dev/null "$1"; fi || :; }
update() { # NEW FILE
  if is_same "$1" "$2"; then return; elif [ -n "$dry" ]; then show "$1" "$2"; else put "$2" 644 <"$1"; fi
}
make_directory() {
  (umask 022 && mkdir -p "$1") && [ -n "$(find "$1" -prune -type d -user "$(id -u)" ! -perm -020 ! -perm -002)" ] || die "others may write $1"
}
open_state() {
  mkdir -p "$state" && chmod 700 "$state" && exec 9>"$state/lock" || die "$state can not be written"
  flock -w 60 9 || die "another one is at work on $state"
  work=$state/work
  trap 'rm -rf "$work"' EXIT && trap 'exit 1' HUP INT TERM
  rm -rf "$work" && mkdir "$work" && : >"$work/problems"
}
setting() { sed -n "s/^$1 //p" "$state/settings"; }
load_settings() {
  [ -s "$state/settings" ] && [ -s "$state/generation" ] || die "this host is not enrolled: usher-host enroll TOKENFILE"
  [ "$(setting authority) $(setting bundle-key)" = "$AUTHORITY $BUNDLE_KEY" ] || die 'this host belongs to another authority, or pinned another key, than this program'
  host=$(setting host) dir=$(setting directory) sshd=$(setting sshd) config=$(setting sshd-config) drop_in=$(setting drop-in)
  setting host-key >"$work/keys" && head -n 1 "$work/keys" >"$work/first-key"
}

# --- The authority ---

hash_of() { printf %s "$1" | sha256sum | cut -c 1-64; }
call_text() { # FIRST-LINE
  nonce=$(od -An -v -tx1 -N16 /dev/urandom | tr -d ' \n')
  printf '%s\nauthority %s\nhost %s\ntime %s\nnonce %s\n' "$1" "$AUTHORITY" "$host" "$(date +%s)" "$nonce"
}
sign_text() { # KEYS: $work/text with a signature of each of them into $work/body
  while read -r key; do
    ssh-keygen -q -Y sign -n usher-host -f "$key" <"$work/text" 2>"$work/stderr" || die "$key can not sign: $(said)"
  done <"$1" >"$work/signatures"
  cat "$work/text" "$work/signatures" >"$work/body"
}
# Sends $work/body; the answer is in $work/answer. 1: nobody can be reached, 2: the bundle is another one meanwhile, 3: refused.
post() { # PATH MOST-BYTES
  : >"$work/answer"
  code=$(curl -q -sS --proto "=${AUTHORITY%%:*}" --connect-timeout 10 --max-time 120 --max-filesize "$2" -o "$work/answer" -w '%{http_code}' \
    -H 'content-type: application/x-usher-host' -H 'expect:' --data-binary "@$work/body" "$AUTHORITY$1" 2>"$work/stderr") || code=000
  case $code in
    2??) [ "$(wc -c <"$work/answer")" -le "$2" ] || die 'the answer of the authority is too long' ;;
    409) return 2 ;;
    000 | 408 | 429 | 5??) say "warning: $AUTHORITY can not be reached: status $code $(said)" && return 1 ;;
    *) problem "the authority refuses: $(sed -n 's/.*"detail" *: *"\([^"\\]*\).*/\1/p' "$work/answer" | printable 150) (status $code)" && return 3 ;;
  esac
}
fetch() { # PATH MOST-BYTES
  call_text 'usher host fetch v1' >"$work/text" && sign_text "$work/first-key" && post "$1" "$2"
}
# One document, one signature, spelled as "ssh-keygen -Y sign" does: so $work/blob is what ssh-keygen verifies, and nothing else.
open_signed() { # FILE
  sed "/^$BEGIN\$/,\$d" "$1" >"$work/signed" && sed -n "/^$BEGIN\$/,\$p" "$1" >"$work/signature"
  sed '1d;$d' "$work/signature" | base64 -d >"$work/blob" 2>/dev/null || return 1
  { printf '%s\n' "$BEGIN" && base64 <"$work/blob" | tr -d '\n' | fold -w 70 && printf '\n%s\n' "$END"; } | cmp -s - "$work/signature"
}
verify() { # SIGNER NAMESPACE
  ssh-keygen -Y verify -f "$work/signers" -I "$1" -n "$2" -s "$work/signature" <"$work/signed" >/dev/null 2>&1
}

# --- Host certificates ---

certificate_of() { printf '%s/%s-cert.pub' "$dir" "${1##*/}"; }
fingerprint() { ssh-keygen -l -f "$1" 2>/dev/null | cut -d ' ' -f 2; }
# The coming secret is on the disk before anybody hears of it, and the same until it counts: a lost answer can be asked for again.
coming_secret() { # FILE FIRST-LINE NOT-THIS
  next=$(sed -n 's/^secret //p' "$1" 2>/dev/null) || next=''
  if [ -n "$next" ] && [ "$next" != "$3" ] && [ "$(sed '/^secret /d' "$1")" = "$2" ]; then return; fi
  next=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')
  printf '%s\nsecret %s\n' "$2" "$next" | sed '/^$/d' >"$work/next" && put "$1" 600 <"$work/next"
}
certify() { # GENERATION SECRET; the coming one is $next
  {
    printf 'usher host certificates v1\nauthority %s\nhost %s\ngeneration %s\n' "$AUTHORITY" "$host" "$1"
    printf 'secret-sha256 %s\nnext-sha256 %s\ntime %s\n' "$(hash_of "$2")" "$(hash_of "$next")" "$(date +%s)"
    while read -r key; do ssh-keygen -y -f "$key" | sed 's/^\([^ ]* [^ ]*\).*/key \1/'; done <"$work/keys"
  } >"$work/text"
  sign_text "$work/keys"
  { printf 'secret %s\n' "$2" && cat "$work/text" "$work/signatures"; } >"$work/body"
  post /v1/hosts/certificates 524288 || return
  printf 'usher host certificates v1\nhost %s\ngeneration %s\n' "$host" "$(($1 + 1))" >"$work/expected"
  sed 3q "$work/answer" | cmp -s - "$work/expected" || die 'the answer is not for this request'
  sed -n 's/^certificate //p' "$work/answer" >"$work/certificates"
  while read -r key && read -r certificate <&3; do
    printf '%s\n' "$certificate" >"$work/${key##*/}"
    ssh-keygen -L -f "$work/${key##*/}" 2>/dev/null | grep -q ' host certificate$' && [ "$(fingerprint "$work/${key##*/}")" = "$(fingerprint "$key")" ] ||
      die "what came for $key is no host certificate of it"
  done <"$work/keys" 3<"$work/certificates"
  make_directory "$dir"
  put "$state/reload-due" 600 </dev/null
  while read -r key; do put "$(certificate_of "$key")" 644 <"$work/${key##*/}"; done <"$work/keys"
  printf 'generation %s\nsecret %s\n' "$(($1 + 1))" "$next" >"$work/next" && put "$state/generation" 600 <"$work/next"
}
seconds() { date -u -d "$(printf %s "$1" | tr T ' ')" +%s; }
needs_certificates() { # whether one is missing, in the second half of its life, or has other names than the host
  while read -r key; do
    view=$(ssh-keygen -L -f "$(certificate_of "$key")" 2>/dev/null) && [ "$(fingerprint "$(certificate_of "$key")")" = "$(fingerprint "$key")" ] || return 0
    from=$(seconds "$(printf '%s\n' "$view" | sed -n 's/^ *Valid: from \([^ ]*\) .*/\1/p')") to=$(seconds "$(printf '%s\n' "$view" | sed -n 's/^ *Valid: .* to //p')")
    [ "$(date +%s)" -lt $(((from + to) / 2)) ] || return 0
    printf '%s\n' "$view" | sed '1,/Principals:/d;/Critical Options:/,$d;s/^ *//' | sort -u >"$work/shown"
    sort -u "$work/new/names" | cmp -s - "$work/shown" || return 0
  done <"$work/keys"
  return 1
}
renew_when_due() {
  needs_certificates || return 0
  if [ -n "$dry" ]; then say 'the host certificates would be renewed' && return; fi
  secret=$(sed -n 's/^secret //p' "$state/generation")
  coming_secret "$state/pending" '' "$secret"
  certify "$(sed -n 's/^generation //p' "$state/generation")" "$secret" && rm -f "$state/pending" || problem 'the host certificates were not renewed'
}

# --- The bundle ---

read_statement() { # FILE
  printf 'authority %s\n' "$BUNDLE_KEY" >"$work/signers"
  open_signed "$1" && verify authority usher-host-bundle || die 'the bundle is not signed by the key that this host pinned'
  { read -r _ && read -r _ && read -r _ && read -r _ number && read -r _ made_at && read -r _ fresh_until && read -r _ hash && read -r _ size; } <"$work/signed" || :
  case ${number:-x}${made_at:-x}${fresh_until:-x}${size:-x} in *[!0-9]*) die 'the bundle is not written as usher writes it' ;; esac
  printf 'usher host bundle v1\nauthority %s\nhost %s\nnumber %s\nmade-at %s\nfresh-until %s\nfiles-sha256 %s\nfiles-size %s\n' \
    "$AUTHORITY" "$host" "$number" "$made_at" "$fresh_until" "$hash" "$size" | cmp -s - "$work/signed" || die 'the bundle is of another authority, or for another host'
}
is_of_bundle() { [ "$(sha256sum <"$1" | cut -c 1-64)" = "$hash" ] && [ "$(wc -c <"$1")" -eq "$size" ]; }
fetch_bundle() {
  fetch /v1/hosts/bundle 8192 || return
  mv "$work/answer" "$work/statement" && read_statement "$work/statement"
  last=$(sed -n '4s/^number //p' "$state/statement" 2>/dev/null) || last=0
  [ "$number" -ge "${last:-0}" ] || die "the bundle has number $number, and this host has number $last already"
  [ "$made_at" -le $(($(date +%s) + 300)) ] || die 'the bundle was made in the future: look at the clock of this host'
  [ "$fresh_until" -gt "$(date +%s)" ] || die 'the bundle is no longer fresh: look at the clock of this host'
  if [ -f "$state/files.tar" ] && is_of_bundle "$state/files.tar"; then cp "$state/files.tar" "$work/files.tar" && return; fi
  fetch "/v1/hosts/files/$hash" "$size" || return
  is_of_bundle "$work/answer" && mv "$work/answer" "$work/files.tar" || die 'the files are not those of the bundle'
}
# While nobody can be reached: what was accepted last, so that at least what changed here is put right.
use_last_bundle() {
  [ -s "$state/statement" ] && [ -s "$state/files.tar" ] || die 'this host has no bundle yet'
  cp "$state/statement" "$work/statement" && cp "$state/files.tar" "$work/files.tar" && read_statement "$work/statement"
  is_of_bundle "$work/files.tar" || die "$state/files.tar is not of the bundle that was accepted last"
  [ "$fresh_until" -gt "$(date +%s)" ] || problem 'the bundle of this host is no longer fresh: it hears of no revocation'
}
# These names only, each up to its limit: no path of the archive is used, and nothing else of it is read.
unpack() {
  mkdir "$work/new" "$work/new/logins"
  for row in login_ca.pub:65536 sudo_ca.pub:65536 sudo_statement:65536 builder_ca.pub:65536 revoked_keys:16777216 \
    revoked_builder_keys:16777216 sudo_denied:4194304 sudo_principals:4096 principals:8388608 names:131072; do
    file=$work/new/${row%:*} most=${row#*:}
    { tar -xOf "$work/files.tar" "${row%:*}" 2>/dev/null || : >"$work/absent"; } | head -c $((most + 1)) >"$file"
    [ "$(wc -c <"$file")" -le "$most" ] || die "${row%:*} in the bundle is too large"
    if [ -e "$work/absent" ]; then rm "$work/absent" "$file"; fi
  done
}
check_files() {
  for name in revoked_keys revoked_builder_keys; do check_krl "$name"; done
  for name in login_ca.pub builder_ca.pub; do check_ca "$name"; done
  if [ -e "$work/new/sudo_ca.pub" ]; then check_ca sudo_ca.pub; fi
  check_lines sudo_denied '[a-z_][a-z0-9_-]{0,31}' && check_lines sudo_principals 'sudoer(@[a-z0-9.-]+)?' && check_lines names '[a-z0-9][a-z0-9.-]{0,199}'
  # "alice alice@web1 alice": a login, which becomes the name of a file, and principals of nobody else.
  check_lines principals '([a-z_][a-z0-9_-]{0,31})( \1(@[a-z0-9][a-z0-9.-]*)?)+'
  [ -s "$work/new/sudo_principals" ] && [ -s "$work/new/names" ] || die 'a list in the bundle is empty'
  # shellcheck disable=SC2086 # words of the grammar above
  while read -r login list; do printf '%s\n' $list >"$work/new/logins/$login"; done <"$work/new/principals"
}
check_lines() { [ -e "$work/new/$1" ] && ! grep -Evqx "$2" "$work/new/$1" || die "$1 in the bundle is not written as usher writes it"; }
check_ca() {
  count=$(ssh-keygen -l -f "$work/new/$1" 2>/dev/null | grep -vc -- '-CERT)$') || count=0
  [ "$count" -gt 0 ] && [ "$count" -eq "$(wc -l <"$work/new/$1")" ] || die "$1 in the bundle is no file of CA keys"
}
krl_version() { ssh-keygen -Q -l -f "$1" >"$work/krl" 2>/dev/null && sed -n 's/^# KRL version \([0-9]*\)$/\1/p' "$work/krl"; }
check_krl() {
  if cmp -s "$work/new/$1" "$dir/$1"; then return; fi
  version=$(krl_version "$work/new/$1") || die "ssh-keygen can not read $1 in the bundle"
  placed=$(krl_version "$dir/$1") || placed=0
  [ "$version" -ge "$placed" ] || die "$1 in the bundle has version $version, and this host has version $placed already"
}

# --- A keyless sudo CA speaks for itself (docs/sudo.md): its file changes only on the word of a key that it holds ---

choose_sudo_ca() { # leaves in $work/new/sudo_ca.pub what is to be installed, if anything
  keys=$work/new/sudo_ca.pub statement=$work/new/sudo_statement
  sed -n "/^# /!q;s/^# //p;/^$END\$/q" "$dir/sudo_ca.pub" >"$work/placed" 2>/dev/null || :
  if ! grep -q '^usher sudo CA statement' "$work/placed"; then
    if [ -e "$statement" ]; then problem 'the keys for sudo stay as they are: nobody vouches for the first statement (docs/hosts.md)'; fi
  elif [ -e "$keys" ]; then
    rm "$keys" && problem "the keys for sudo stay as they are: the authority would put a key of its own in place of people's"
  elif [ -e "$statement" ] && ! cmp -s "$work/placed" "$statement" && ! is_older "$statement"; then
    { is_signed_by_placed && is_statement; } || { problem 'the keys for sudo stay as they are: the new statement is refused' && return; }
    { sed 's/^/# /' "$statement" && sed -n 's/^key [a-z]* //p' "$work/signed"; } >"$keys"
  fi
}
is_older() { [ "$(sed -n '2p;4q' "$1")" = "$(sed -n '2p;4q' "$work/placed")" ] && [ "$(sed -n '4s/[^0-9]//gp' "$1")" -le "$(sed -n '4s/[^0-9]//gp' "$work/placed")" ]; }
# Keys that are retired, or that somebody took out of the file, sign nothing that is to come.
is_signed_by_placed() {
  sed -n 's/^key coming //p;s/^key active //p;s/^key offline //p' "$work/placed" | cut -d ' ' -f 1,2 >"$work/stated"
  grep -v '^#' "$dir/sudo_ca.pub" | cut -d ' ' -f 1,2 | grep -Fxf "$work/stated" | sed 's/^sk-/touched &/;t' -e 's/^/kept /' >"$work/signers"
  open_signed "$work/new/sudo_statement" && { verify kept usher-sudo-ca || { is_touched && verify touched usher-sudo-ca; }; }
}
# ssh-keygen does not ask for the touch: what a security key signs ends with a byte of flags, the lowest for the touch, and four of a counter.
is_touched() { ! grep -q webauthn "$work/blob" && [ $(($(tail -c 5 "$work/blob" | head -c 1 | od -An -tu1) % 2)) -eq 1 ]; }
is_statement() {
  sed 3q "$work/signed" >"$work/head" && sed 1,6d "$work/signed" >"$work/stated"
  printf 'usher sudo CA statement v1\nauthority %s\npurpose sudo\n' "$AUTHORITY" | cmp -s - "$work/head" && grep -q '^key active ' "$work/stated" &&
    ! grep -Evqx 'key ((coming|active|retired) sk-[a-z0-9@.-]+|offline [a-z0-9@.-]+) [A-Za-z0-9+/]+=* [A-Za-z0-9_][A-Za-z0-9._@-]{0,63}' "$work/stated" &&
    [ "$(cut -d ' ' -f 3- "$work/stated" | ssh-keygen -l -f - 2>/dev/null | sort -u | wc -l)" -eq "$(wc -l <"$work/stated")" ]
}

# --- What changes on this host ---

is_good_config() { "$sshd" -t -f "$1" >"$work/stderr" 2>&1; }
# Our lines are tried before anything changes, so that a crash never leaves an sshd that does not start.
plan_drop_in() {
  {
    echo '# Usher: written by its sync, which undoes what is changed here.'
    while read -r key; do printf 'HostCertificate %s\n' "$(certificate_of "$key")"; done <"$work/keys"
    printf 'TrustedUserCAKeys %s\nAuthorizedPrincipalsFile %s/%%u\nRevokedKeys %s\n' "$dir/login_ca.pub" "$dir/principals" "$dir/revoked_keys"
  } >"$work/drop-in"
  if [ "$drop_in" = none ] || is_same "$work/drop-in" "$drop_in"; then drop_in=none && return; fi
  printf 'Include %s\n' "$work/drop-in" "$config" >"$work/sshd_config"
  if ! is_good_config "$work/sshd_config"; then
    if is_good_config "$config"; then die 'sshd would not start with the lines of usher'; fi
    drop_in=none && problem "sshd would not start again: $(said)"
  fi
}
install_files() {
  if [ -z "$dry" ]; then make_directory "$dir" && make_directory "$dir/principals"; fi
  # What takes access away comes first.
  for name in revoked_keys revoked_builder_keys sudo_denied login_ca.pub builder_ca.pub sudo_ca.pub sudo_principals; do
    if [ -e "$work/new/$name" ]; then update "$work/new/$name" "$dir/$name"; fi
  done
  set +f
  for file in "$work"/new/logins/*; do if [ -e "$file" ]; then update "$file" "$dir/principals/${file##*/}"; fi; done
  for file in "$dir"/principals/*; do
    if [ -e "$work/new/logins/${file##*/}" ] || ! [ -e "$file" ]; then continue; fi
    if [ -n "$dry" ]; then say "$file would be removed"; else rm -rf "$file" && flush "$dir/principals"; fi
  done
  set -f
}
install_drop_in() {
  if [ "$drop_in" = none ]; then return; elif [ -n "$dry" ]; then show "$work/drop-in" "$drop_in" && return; fi
  while read -r key; do [ -e "$(certificate_of "$key")" ] || return 0; done <"$work/keys"
  if [ -e "$drop_in" ]; then cp "$drop_in" "$work/before"; fi
  put "$state/reload-due" 600 </dev/null && put "$drop_in" 644 <"$work/drop-in"
  if is_good_config "$config"; then return; fi
  if [ -e "$work/before" ]; then put "$drop_in" 644 <"$work/before"; else rm -f "$drop_in"; fi
  die "sshd would not start with $drop_in, which is as it was: $(said)"
}
reload_when_due() {
  if [ -n "$dry" ] || ! [ -e "$state/reload-due" ]; then return; fi
  is_good_config "$config" || { problem "sshd would not start again, and was not reloaded: $(said)" && return; }
  case $(setting reload) in auto) reload_sshd ;; *) sh -c "$(setting reload)" ;; esac </dev/null >"$work/stderr" 2>&1 9>&- ||
    { problem "sshd was not reloaded: $(said)" && return; }
  rm -f "$state/reload-due"
}
reload_sshd() {
  for unit in ssh.service sshd.service; do
    if systemctl is-active "$unit"; then systemctl try-reload-or-restart "$unit" && return; fi
  done
  pid=$(cat /run/sshd.pid) || return 0 # nothing runs, or each connection has an sshd of its own
  [ "$(cat "/proc/$pid/comm")" != sshd ] || kill -HUP "$pid"
}

# --- The report ---

trusted() { ssh-keygen -l -f "$dir/$2" 2>/dev/null | sed "s/^[0-9]* \(SHA256:[^ ]*\) .*/trusts $1 \1/"; } # PURPOSE FILE
# What was logged since the last report into $work/log, and where that ends into $work/position.
read_log() {
  log=$(setting auth-log)
  read -r _ from offset 2>/dev/null <"$state/seen" || from='' offset=0
  if [ "$log" = journal ]; then
    if [ -n "$from" ]; then from=--after-cursor=$from; else from=--since=-7d; fi
    journalctl -q --no-pager -o short --show-cursor -t sshd -t sshd-session -t pam-ussh "$from" >"$work/log" 2>"$work/stderr" || return
    sed -n 's/^-- cursor: /journal /p' "$work/log" >"$work/position"
  else
    old=$(find "${log%/*}" -inum "${from:-0}" -name "${log##*/}*" 2>/dev/null | head -n 1)
    { if [ -n "$old" ] && [ "$old" != "$log" ]; then tail -c "+$((offset + 1))" "$old" && offset=0; elif [ -z "$old" ]; then offset=0; fi; } >"$work/log"
    [ "$(wc -c <"$log")" -ge "$offset" ] || offset=0
    tail -c "+$((offset + 1))" "$log" >"$work/more" 2>"$work/stderr" || return
    if [ -n "$(tail -c 1 "$work/more")" ]; then sed '$d' "$work/more" >"$work/whole" && mv "$work/whole" "$work/more"; fi
    printf 'file %s %s\n' "$(stat -c %i "$log")" "$((offset + $(wc -c <"$work/more")))" >"$work/position"
    cat "$work/more" >>"$work/log"
  fi
}
# Of CA keys that this host trusts, each certificate once. What a line ends with nobody could choose.
seen_in_log() {
  awk 'NR == FNR { purpose[$3] = $2; next }
    { found = "" }
    /(^|sshd(-session)?\[[0-9]+\]: )Accepted publickey for .* \(serial [0-9]+\) CA [^ ]+ SHA256:[^ ]+$/ { found = purpose[$NF]; serial = $(NF - 3) }
    /pam-ussh\[[0-9]+\]: Authentication succe?eded for .*, cert [0-9]+$/ || /pam-ussh\[[0-9]+\]: [Aa]uthentication succeeded for .* \(cert ".*", [0-9]+\)$/ { found = "sudo"; serial = $NF }
    { sub(/\)$/, "", serial); most = "18446744073709551615"
      if (found != "" && serial ~ /^(0|[1-9][0-9]*)$/ && length(serial) <= 20 && (length(serial) < 20 || serial "" <= most)) print "seen", found, serial }' "$work/trusts" "$work/log" | sort -u
}
report() {
  { trusted login login_ca.pub && trusted sudo sudo_ca.pub && trusted builder builder_ca.pub; } | sort -u | head -n 64 >"$work/trusts"
  if read_log; then seen_in_log >"$work/seen"; else : >"$work/seen" && problem "$(setting auth-log) can not be read: $(said)"; fi
  crypto=$(grep -ao 'golang.org/x/crypto[[:space:]]v[0-9.]*' "$(setting pam-ussh)" 2>/dev/null | sed -n '1s/.*[[:space:]]/x\/crypto /p')
  [ -e "$(setting pam-ussh)" ] || crypto=none
  while :; do
    call_text 'usher host report v1' >"$work/text"
    printf 'number %s\nfiles-sha256 %s\nopenssh %s\npam-ussh %s\n' "$number" "$hash" "$("$sshd" -V 2>&1 | sed -n 's/.*\(OpenSSH_[^,]*\).*/\1/p' | printable 200)" "${crypto:-unknown}" >>"$work/text"
    { cat "$work/trusts" && while read -r key; do ssh-keygen -L -f "$(certificate_of "$key")" | sed -n 's/^ *Serial: /shows /p'; done <"$work/keys"; } >>"$work/text"
    { sed 1000q "$work/seen" && sed 's/^/problem /;10q' "$work/problems"; } >>"$work/text"
    { sign_text "$work/first-key" && post /v1/hosts/report 4096; } || { say 'warning: the report did not arrive' && return; }
    sed 1,1000d "$work/seen" >"$work/rest" && mv "$work/rest" "$work/seen"
    [ -s "$work/seen" ] || break
  done
  if [ -s "$work/position" ]; then put "$state/seen" 600 <"$work/position"; fi
}

# --- The two things it does ---

sync_host() {
  load_settings
  online=0 && fetch_bundle || online=$?
  case $online in 0) ;; 1) use_last_bundle ;; *) die 'no bundle was got' ;; esac
  unpack && check_files && choose_sudo_ca && plan_drop_in
  if [ "$online" -eq 0 ]; then renew_when_due; fi
  install_files && install_drop_in && reload_when_due
  if [ -n "$dry" ] || [ "$online" -ne 0 ]; then return; fi
  put "$state/files.tar" 600 <"$work/files.tar" && put "$state/statement" 600 <"$work/statement"
  report
}
enroll() { # TOKENFILE
  if [ "$1" = - ]; then cat; else cat -- "$1"; fi >"$work/token" || die "$1 can not be read"
  { read -r _ && read -r _ && read -r _ host && read -r _ && read -r _ token && read -r _ until; } <"$work/token" || die 'this is no token of a host'
  printf 'usher host token v1\nauthority %s\nhost %s\nbundle-key %s\ntoken %s\nuntil %s\n' "$AUTHORITY" "$host" "$BUNDLE_KEY" "$token" "$until" |
    cmp -s - "$work/token" || die 'this token is of another authority, or of another bundle key, than this program'
  [ "$(date +%s)" -lt "$until" ] || die 'the time of this token is over'
  token_hash=$(hash_of "$token")
  if [ "$(cat "$state/enrolling" 2>/dev/null)" = "token-sha256 $token_hash" ]; then
    say 'this token has enrolled this host already' # asked again it would look like a second holder, and lock this machine
    write_settings && return
  fi
  coming_secret "$state/enrolling" "token-sha256 $token_hash" ''
  write_settings
  certify 0 "$token" || die 'this host was not enrolled'
  rm -f "$state/pending" "$state/statement" "$state/files.tar"
  printf 'token-sha256 %s\n' "$token_hash" >"$work/next" && put "$state/enrolling" 600 <"$work/next"
  say "this host is enrolled as $host at $AUTHORITY"
}
write_settings() {
  sshd=$(command -v sshd) && pam=$(find /lib /usr/lib /usr/lib64 -name pam_ussh.so 2>/dev/null | head -n 1) || die 'there is no sshd here'
  [ -n "$host_keys" ] || host_keys=$("$sshd" -T -f "$config" 2>/dev/null | sed -n 's/^hostkey /host-key /p')
  if [ -z "$auth_log" ]; then if [ -f /var/log/auth.log ]; then auth_log=/var/log/auth.log; else auth_log=journal; fi; fi
  printf 'authority %s\nhost %s\nbundle-key %s\ndirectory %s\n%s\nsshd %s\nsshd-config %s\ndrop-in %s\nreload %s\nauth-log %s\npam-ussh %s\n' \
    "$AUTHORITY" "$host" "$BUNDLE_KEY" "$dir" "$host_keys" "$sshd" "$config" "$drop_in" "$reload" "$auth_log" "${pam:-/usr/lib/security/pam_ussh.so}" >"$work/settings"
  ! grep -Evqx '(authority|host|bundle-key|reload) [ -~]+|drop-in none|auth-log journal|[a-z-]+ (/[A-Za-z0-9_+@-][A-Za-z0-9._+@-]*)+' "$work/settings" || die 'a path has other characters than A-Z a-z 0-9 . _ + @ -'
  put "$state/settings" 600 <"$work/settings"
  sed -n 's/^host-key //p' "$work/settings" >"$work/keys"
}

# --- Arguments ---

command=${1:-} token_file=''
case $command in
  enroll) [ $# -ge 2 ] || usage 'which token?' && token_file=$2 && shift 2 ;;
  sync) shift ;;
  *) usage 'it enrols this host, or syncs it' ;;
esac
dir=/etc/ssh/usher config=/etc/ssh/sshd_config drop_in=/etc/ssh/sshd_config.d/20-usher.conf reload=auto auth_log='' host_keys=''
while [ $# -gt 0 ]; do
  case $command$1 in
    sync--dry-run) dry=yes && shift && continue ;;
    enroll--no-drop-in) drop_in=none && shift && continue ;;
    *--state | enroll--dir | enroll--host-key | enroll--sshd-config | enroll--drop-in | enroll--reload | enroll--auth-log) [ $# -ge 2 ] || usage "$1 needs a value" ;;
    *) usage "what is $1?" ;;
  esac
  case $1 in
    --state) state=$2 ;;
    --dir) dir=$2 ;;
    --host-key) host_keys="$host_keys${host_keys:+
}host-key $2" ;;
    --sshd-config) config=$2 ;;
    --drop-in) drop_in=$2 ;;
    --reload) reload=$2 ;;
    --auth-log) auth_log=$2 ;;
  esac
  shift 2
done
open_state
if [ "$command" = enroll ]; then enroll "$token_file"; fi
sync_host
exit "$failed"
