#!/bin/sh
# usher-host: what "usher host" does (docs/hosts.md), without Node: by curl, tar, flock, coreutils or busybox, and ssh-keygen of OpenSSH 8.2 or newer.
# shellcheck disable=SC2015 # in "A && B || die" both may fail, and die does not return
set -euf && umask 077 && unset TAR_OPTIONS SSH_AUTH_SOCK SSH_ASKPASS
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin LC_ALL=C TZ=UTC0
AUTHORITY='@AUTHORITY@'
BUNDLE_KEY='@BUNDLE_KEY@'
BEGIN='-----BEGIN SSH SIGNATURE-----' END='-----END SSH SIGNATURE-----' state=/var/lib/usher options='' dry='' failed=0

say() { printf 'usher-host: %s\n' "$(printf %s "$1" | printable 1000)" >&2; }
die() { say "error: $1" && exit 1; }
usage() { say "error: $1" && say 'hint: usher-host enroll TOKENFILE [options], usher-host sync [--state DIR] [--dry-run]' && exit 2; }
printable() { tr '\n' ' ' | tr -cd '\040-\176' | cut -c "1-$1" | sed 's/^ *//;s/ *$//'; } # MOST
said() { printable 300 <"$work/stderr"; }
problem() { say "error: $1" && failed=1 && printf '%s\n' "$1" | printable 200 >>"$work/problems"; } # what can be done nevertheless is done
flush() { sync "$1" 2>/dev/null || sync; }
put() { # FILE MODE <content: whole or not at all, and with its rights before it has its name
  new=$1.usher-new && cat >"$new" && chmod "$2" "$new" && flush "$new" && mv -f "$new" "$1" && flush "${1%/*}" || { rm -f "$new" && die "$1 can not be written"; }; }
save() { printf '%s\n' "$2" >"$work/next" && put "$state/$1" 600 <"$work/next" || die "$state/$1 can not be written"; } # NAME TEXT
value() { sed -n "s/^$1 //p" "${2:-$state/settings}" 2>/dev/null || :; }                                               # NAME [FILE]
is_same() { cmp -s "$1" "$2" && [ -n "$(find "$2" -prune -type f -user "$(id -u)" -perm 644)" ]; }
show() { diff -u -L "$2" -L "$2" "$([ -f "$2" ] && echo "$2" || echo /dev/null)" "$1" || :; }
update() { is_same "$1" "$2" || if [ -n "$dry" ]; then show "$1" "$2"; else put "$2" 644 <"$1"; fi; } # NEW FILE
make_directory() { (umask 022 && mkdir -p "$1") && [ -z "$(find "$1" -prune \( -perm -020 -o -perm -002 -o ! -user "$(id -u)" \))" ] && chmod 755 "$1" || die "others may write $1"; }
open_state() {
  make_directory "$state" && chmod 700 "$state" && exec 9>"$state/lock" && { flock -n 9 || flock -w 60 9; } || die "another one is at work on $state, or it can not be written"
  work=$state/work && trap 'rm -rf "$work"' EXIT && trap 'exit 1' HUP INT TERM
  rm -rf "$work" && mkdir -p "$work/new/logins" && head -c 262144 /dev/zero >"$work/problems" && : >"$work/problems" || die "$work can not be written: is the disk full?"; }
use_settings() { # FILE
  [ "$(value authority "$1") $(value bundle-key "$1")" = "$AUTHORITY $BUNDLE_KEY" ] || die 'this host has another authority, or another bundle key, than this program'
  host=$(value host "$1") dir=$(value directory "$1") sshd=$(value sshd "$1") config=$(value sshd-config "$1") && value host-key "$1" >"$work/keys"
  [ -z "$(sed 's|.*/||' "$work/keys" | sort | uniq -d)" ] || die 'two host keys have the same file name, and so would their certificates'; }
call_text() { printf '%s\nauthority %s\nhost %s\ntime %s\nnonce %s\n' "$1" "$AUTHORITY" "$host" "$(date +%s)" "$(od -An -v -tx1 -N16 /dev/urandom | tr -d ' \n')"; }
sign_text() { # HOW-MANY: $work/text with a signature of each of the first keys into $work/body
  sed "$1q" "$work/keys" | while read -r key; do ssh-keygen -q -Y sign -n usher-host -f "$key" <"$work/text"; done >"$work/signatures" 2>"$work/stderr"
  [ "$(grep -c "^$END" "$work/signatures")" -eq "$(sed "$1q" "$work/keys" | wc -l)" ] || die "a host key can not sign: $(said)"
  cat "$work/text" "$work/signatures" >"$work/body"; }
post() { # PATH MOST-BYTES: sends $work/body, gets $work/answer; 1: nobody can be reached, 2: the bundle is another one meanwhile, 3: refused
  { curl -q -sS --proto "=${AUTHORITY%%:*}" --connect-timeout 10 --max-time 120 -o /dev/fd/3 -w '%{http_code}' -H 'content-type: application/x-usher-host' \
    -H 'expect:' --data-binary "@$work/body" "$AUTHORITY$1" 3>&1 >"$work/code" 2>"$work/stderr" || echo "000$?" >"$work/code"; } | head -c $(($2 + 1)) >"$work/answer"
  code=$(cat "$work/code") && [ "$(wc -c <"$work/answer")" -le "$2" ] || die 'the answer of the authority is too long'
  case $code in
    2??) ;;
    000* | 408 | 429 | 5??) say "warning: $AUTHORITY can not be reached: status $code $(said)" && return 1 ;;
    409) return 2 ;;
    *) problem "the authority refuses: $(sed -n 's/.*"detail" *: *"\([^"\\]*\).*/\1/p' "$work/answer" | printable 150) (status $code)" && return 3 ;;
  esac; }
fetch() { call_text 'usher host fetch v1' >"$work/text" && sign_text 1 && post "$1" "$2"; } # PATH MOST-BYTES
open_signed() { # FILE: one document, one signature, spelled as "ssh-keygen -Y sign" does, so that $work/blob is what ssh-keygen verifies
  sed "/^$BEGIN\$/,\$d" "$1" >"$work/signed" && sed -n "/^$BEGIN\$/,\$p" "$1" >"$work/signature"
  sed '1d;$d' "$work/signature" | base64 -d >"$work/blob" 2>/dev/null || return 1
  { printf '%s\n' "$BEGIN" && base64 <"$work/blob" | tr -d '\n' | fold -w 70 && printf '\n%s\n' "$END"; } | cmp -s - "$work/signature"; }
verify() { ssh-keygen -Y verify -f "$work/signers" -I "$1" -n "$2" -s "$work/signature" <"$work/signed" >/dev/null 2>&1; } # SIGNER NAMESPACE
stated() { value "$1" "$work/signed"; }                                                                                    # NAME
certificate_of() { printf '%s/%s-cert.pub' "$dir" "${1##*/}"; }
fingerprint() { ssh-keygen -l -f "$1" 2>/dev/null | cut -d ' ' -f 2; }
# What "ssh-keygen -L" shows was signed by the CA that it names: it refuses one with a flipped byte (OpenSSH 9.2). A key ID with a line break could pass for a line.
read_certificate() { # KEY FILE: a host certificate of it, which is live, for at most 91 days; and what it says
  ssh-keygen -L -f "$2" >"$work/view" 2>/dev/null && sed 2q "$work/view" | grep -q ' host certificate$' && [ "$(fingerprint "$1")" = "$(fingerprint "$2")" ] &&
    [ "$(grep -Ec '^ *(Signing CA|Valid|Principals|Critical Options):' "$work/view")" -eq 4 ] || return
  sed '1,/Principals:/d;/Critical Options:/,$d;s/^ *//;s/ *$//' "$work/view" | sort -u >"$work/shown"
  signer=$(sed -n 's/^ *Signing CA: [^ ]* \([^ ]*\).*/\1/p' "$work/view") from=$(shown_time 1 2) end=$(shown_time 3 4)
  is_past "$from" && [ "$(date +%s)" -lt "$end" ] && [ $((end - from)) -le 7862400 ]; }
shown_time() { date -u -d "$(sed -n "s/^ *Valid: from \(.*\)T\(.*\) to \(.*\)T\(.*\)/\\$1 \\$2/p" "$work/view")" +%s; } # of "forever" it makes this morning: not live
is_wanted() { # by a CA for hosts, for exactly the names of this host; at the enrolment nobody knows them
  [ ! -e "$work/new/names" ] || { sort -u "$work/new/names" | cmp -s - "$work/shown" && ssh-keygen -l -f "$work/new/host_ca.pub" | cut -d ' ' -f 2 | grep -qxF "$signer"; }; }
hash_of() { printf %s "$1" | sha256sum | cut -c 1-64; }
new_secret() { next=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'); }
certify() { # GENERATION SECRET; the coming secret is $next
  printf 'usher host certificates v1\nauthority %s\nhost %s\ngeneration %s\nsecret-sha256 %s\nnext-sha256 %s\ntime %s\n' \
    "$AUTHORITY" "$host" "$1" "$(hash_of "$2")" "$(hash_of "$next")" "$(date +%s)" >"$work/text"
  while read -r key; do ssh-keygen -y -f "$key" | sed 's/^\([^ ]* [^ ]*\).*/key \1/'; done <"$work/keys" >>"$work/text"
  sign_text '$' && { printf 'secret %s\n' "$2" && cat "$work/text" "$work/signatures"; } >"$work/body" && post /v1/hosts/certificates 524288 || return
  [ "$(sed 3q "$work/answer")" = "$(printf 'usher host certificates v1\nhost %s\ngeneration %s' "$host" $(($1 + 1)))" ] || die 'the answer is not for this request'
  value certificate "$work/answer" >"$work/certificates"
  while read -r key; do
    placed_end=0 && if [ -e "$work/new/names" ] && read_certificate "$key" "$(certificate_of "$key")" && is_wanted; then placed_end=$end; fi
    read -r line <&3 && printf '%s\n' "$line" >"$work/for-${key##*/}" && read_certificate "$key" "$work/for-${key##*/}" && is_wanted && [ "$end" -ge "$placed_end" ] ||
      { problem "what came for $key is no host certificate that it may show" && return 1; }
  done <"$work/keys" 3<"$work/certificates"
  make_directory "$dir" && put "$state/reload-due" 600 </dev/null
  while read -r key; do put "$(certificate_of "$key")" 644 <"$work/for-${key##*/}"; done <"$work/keys"
  save generation "$(printf 'generation %s\nsecret %s' $(($1 + 1)) "$next")"; }
needs_certificates() { # whether one is missing or in the second half of its life, has other names than the host, or is by a CA key that is revoked or none for hosts
  while read -r key; do
    read_certificate "$key" "$(certificate_of "$key")" && is_wanted && [ "$(date +%s)" -lt $(((from + end) / 2)) ] || return 0
    ssh-keygen -Q -f "$work/new/revoked_keys" "$(certificate_of "$key")" >/dev/null 2>&1 || return 0
  done <"$work/keys"
  return 1; }
renew_when_due() { # the coming secret is on the disk before anybody hears of it, and the same until it counts: a lost answer can be asked for again
  if ! needs_certificates; then return; elif [ -n "$dry" ]; then say 'the host certificates would be renewed' && return; fi
  secret=$(value secret "$state/generation") next=$(value secret "$state/pending")
  [ "$(value asked "$state/enrolling")" != "$secret" ] || save enrolling "$(sed '2s/.*/installed/' "$state/enrolling")" # the token is never shown again
  if [ -z "$next" ] || [ "$next" = "$secret" ]; then new_secret && save pending "secret $next"; fi
  certify "$(value generation "$state/generation")" "$secret" && rm -f "$state/pending" || problem 'the host certificates were not renewed'; }
read_statement() { # FILE
  printf 'authority %s\n' "$BUNDLE_KEY" >"$work/signers"
  open_signed "$1" && verify authority usher-host-bundle || die 'the bundle is not signed by the key that this host pinned'
  number=$(stated number) made_at=$(stated made-at) fresh_until=$(stated fresh-until) hash=$(stated files-sha256) size=$(stated files-size)
  printf 'usher host bundle v1\nauthority %s\nhost %s\nnumber %s\nmade-at %s\nfresh-until %s\nfiles-sha256 %s\nfiles-size %s\n' \
    "$AUTHORITY" "$host" "$number" "$made_at" "$fresh_until" "$hash" "$size" | cmp -s - "$work/signed" || die 'the bundle is of another authority, or for another host'; }
is_of_bundle() { [ "$(sha256sum <"$1" | cut -c 1-64)" = "$hash" ] && [ "$(wc -c <"$1")" -eq "$size" ]; }
fetch_bundle() {
  fetch /v1/hosts/bundle 8192 || return
  last=0 && if [ -e "$state/statement" ]; then read_statement "$state/statement" && last=$number; fi
  mv "$work/answer" "$work/statement" && read_statement "$work/statement"
  [ "$number" -ge "$last" ] || die "the bundle has number $number, and this host has number $last already"
  is_past "$made_at" && is_past "$number" || die 'the bundle was made in the future: look at the clock of this host'
  [ "$fresh_until" -gt "$(date +%s)" ] || die 'the bundle is no longer fresh: look at the clock of this host'
  if [ -f "$state/files.tar" ] && is_of_bundle "$state/files.tar"; then cp "$state/files.tar" "$work/files.tar" && return; fi
  fetch "/v1/hosts/files/$hash" "$size" || return
  is_of_bundle "$work/answer" && mv "$work/answer" "$work/files.tar" || die 'the files are not those of the bundle'; }
use_last_bundle() { # while nobody can be reached, so that at least what changed here is put right
  cp "$state/statement" "$work/statement" && cp "$state/files.tar" "$work/files.tar" || die 'this host has no bundle yet'
  read_statement "$work/statement" && is_of_bundle "$work/files.tar" || die "$state/files.tar is not of the bundle that was accepted last"
  [ "$fresh_until" -gt "$(date +%s)" ] || problem 'the bundle of this host is no longer fresh: it hears of no revocation'; }
unpack() { # these names only, each up to its limit: no path of the archive is used, and nothing else of it is read
  for row in login_ca.pub:65536 sudo_ca.pub:65536 sudo_statement:65536 builder_ca.pub:65536 host_ca.pub:65536 revoked_keys:16777216 revoked_builder_keys:16777216 \
    sudo_denied:4194304 sudo_principals:4096 principals:8388608 names:131072; do
    file=$work/new/${row%:*} most=${row#*:}
    { tar -xOf "$work/files.tar" "${row%:*}" 2>/dev/null || : >"$work/absent"; } | head -c $((most + 1)) >"$file" || die "$file can not be written"
    [ "$(wc -c <"$file")" -le "$most" ] || die "${row%:*} in the bundle is too large"
    if [ -e "$work/absent" ]; then rm "$work/absent" "$file"; fi
  done; }
check_files() {
  check_krl revoked_keys && check_krl revoked_builder_keys && check_ca login_ca.pub && check_ca builder_ca.pub && check_ca host_ca.pub && { [ ! -e "$work/new/sudo_ca.pub" ] || check_ca sudo_ca.pub; }
  check_lines sudo_denied '[a-z_][a-z0-9_-]\{0,31\}' && check_lines sudo_principals 'sudoer\(@[a-z0-9.-]*\)\{0,1\}' && check_lines names '[a-z0-9][a-z0-9.-]\{0,199\}'
  # "alice alice@web1 alice": a login, which becomes the name of a file, and principals of nobody else.
  check_lines principals '\([a-z_][a-z0-9_-]\{0,31\}\)\( \1\(@[a-z0-9][a-z0-9.-]*\)\{0,1\}\)\{1,\}'
  [ -s "$work/new/sudo_principals" ] && [ -s "$work/new/names" ] || die 'a list in the bundle is empty'
  awk -v logins="$work/new/logins/" '{ for (i = 2; i <= NF; i++) print $i >(logins $1); close(logins $1) }' "$work/new/principals" &&
    [ -z "$(find "$work/new/logins" -size 0)" ] || die "$work can not be written"; }
check_lines() { [ -e "$work/new/$1" ] && ! grep -vqx "$2" "$work/new/$1" || die "$1 in the bundle is not written as usher writes it"; } # NAME GRAMMAR
check_ca() { # NAME
  count=$(ssh-keygen -l -f "$work/new/$1" 2>/dev/null | grep -vc -- '-CERT)$') && [ "$count" -eq "$(wc -l <"$work/new/$1")" ] || die "$1 in the bundle is no file of CA keys"; }
krl_version() { ssh-keygen -Q -l -f "$1" >"$work/krl" 2>/dev/null && sed -n 's/^# KRL version \([0-9]*\)$/\1/p' "$work/krl"; } # FILE
check_krl() { # NAME
  if cmp -s "$work/new/$1" "$dir/$1"; then return; fi
  new=$(krl_version "$work/new/$1") || die "ssh-keygen can not read $1 in the bundle"
  is_past "$new" || die "$1 in the bundle is of the future: look at the clock of this host"
  [ -e "$state/statement" ] && placed=$(krl_version "$dir/$1") || placed=0
  [ "$new" -ge "$placed" ] || die "$1 in the bundle has version $new, and this host has version $placed already"; }
is_past() { [ "$1" -le $(($(date +%s) + 3600)) ]; } # TIME: a number of the far future would make this host refuse all that come after it
choose_sudo_ca() { # what is to be installed, if anything; a keyless CA changes only on the word of a key that it holds (docs/sudo.md)
  keys=$work/new/sudo_ca.pub statement=$work/new/sudo_statement why=''
  cat "$dir/sudo_ca.pub" >"$work/placed-ca" 2>/dev/null || :
  sed -n "/^# /!q;s/^# //p;/^$END\$/q" "$work/placed-ca" >"$work/placed"
  if ! grep -q '^usher sudo CA statement' "$work/placed"; then
    [ ! -e "$statement" ] || why='nobody vouches for the first statement (docs/hosts.md)'
    [ ! -e "$keys" ] || is_from_bundle || why="$dir/sudo_ca.pub is not what the last bundle had: where the authority shall have sudo again, remove it"
  elif [ -e "$keys" ]; then
    why="the authority would put a key of its own in place of people's"
  elif [ -e "$statement" ] && ! cmp -s "$statement" "$work/placed"; then
    if ! is_signed_by_placed || ! is_statement; then why='the new statement is refused'
    elif [ "$(stated number)" -gt "$(value number "$work/placed")" ]; then { sed 's/^/# /' "$statement" && sed -n 's/^key [a-z]* //p' "$work/signed"; } >"$keys" || die "$keys can not be written"; fi
  fi
  [ -z "$why" ] || { rm -f "$keys" && problem "the keys for sudo stay as they are: $why"; }; }
is_from_bundle() { # nothing is placed, or what this bundle or the last one had: people's keys, whoever put them there, are not the authority's to replace
  if ! [ -e "$dir/sudo_ca.pub" ] && ! [ -L "$dir/sudo_ca.pub" ] || cmp -s "$keys" "$work/placed-ca"; then return; fi
  tar -xOf "$state/files.tar" sudo_ca.pub >"$work/kept-ca" 2>/dev/null && cmp -s "$work/kept-ca" "$dir/sudo_ca.pub"; }
is_signed_by_placed() { # not by keys that are retired, or that somebody took out of the file
  sed -n 's/^key coming //p;s/^key active //p;s/^key offline //p' "$work/placed" | cut -d ' ' -f 1,2 >"$work/may-sign"
  grep -v '^#' "$dir/sudo_ca.pub" | cut -d ' ' -f 1,2 | grep -Fxf "$work/may-sign" | sed 's/^/kept /;s/^kept sk-/touched sk-/' >"$work/signers"
  open_signed "$statement" && { verify kept usher-sudo-ca || { is_touched && verify touched usher-sudo-ca; }; }; }
# ssh-keygen does not ask for the touch: what a security key signs ends with a byte of flags, the lowest for the touch, and four of a counter.
is_touched() { ! grep -q webauthn "$work/blob" && [ $(($(tail -c 5 "$work/blob" | head -c 1 | od -An -tu1) % 2)) -eq 1 ]; }
is_statement() {
  grep -q '^key active ' "$work/signed" && [ "$(sed 3q "$work/signed")" = "$(printf 'usher sudo CA statement v1\nauthority %s\npurpose sudo' "$AUTHORITY")" ] &&
    ! sed 1,6d "$work/signed" | grep -Evqx 'key ((coming|active|retired) sk-[a-z0-9@.-]+|offline [a-z0-9@.-]+) [A-Za-z0-9+/]+=* [A-Za-z0-9_][A-Za-z0-9._@-]{0,63}'; }
install_files() {
  if [ -z "$dry" ]; then make_directory "$dir" && make_directory "$dir/principals"; fi
  for name in revoked_keys revoked_builder_keys sudo_denied login_ca.pub builder_ca.pub host_ca.pub sudo_ca.pub sudo_principals; do # what takes access away comes first
    [ -e "$work/new/$name" ] || continue
    [ "$name" != sudo_ca.pub ] || { cat "$dir/$name" 2>/dev/null || :; } | cmp -s - "$work/placed-ca" || { problem "$dir/$name was changed meanwhile" && continue; }
    update "$work/new/$name" "$dir/$name"
  done; set +f
  for file in "$work"/new/logins/* "$dir"/principals/*; do name=${file##*/} && { [ -e "$file" ] || [ -L "$file" ]; } || continue
    if [ -e "$work/new/logins/$name" ]; then update "$work/new/logins/$name" "$dir/principals/$name"; elif [ -n "$dry" ]; then say "$file would be removed"; else rm -rf "$file"; fi
  done
  [ -n "$dry" ] || flush "$dir/principals"; }
is_good_config() { "$sshd" -t -f "$1" >"$work/stderr" 2>&1; } # FILE
install_drop_in() { # tried before it has its name, so that a crash never leaves an sshd that does not start
  drop_in=$(value drop-in) && {
    echo '# Usher: written by its sync, which undoes what is changed here.' && sed "s|.*/|HostCertificate $dir/|;s|\$|-cert.pub|" "$work/keys"
    printf 'TrustedUserCAKeys %s\nAuthorizedPrincipalsFile %s/%%u\nRevokedKeys %s\n' "$dir/login_ca.pub" "$dir/principals" "$dir/revoked_keys"
  } >"$work/drop-in" || die "$work can not be written"
  if [ "$drop_in" = none ] || is_same "$work/drop-in" "$drop_in"; then return; elif [ -n "$dry" ]; then show "$work/drop-in" "$drop_in" && return; fi
  printf 'Include %s\n' "$work/drop-in" "$config" >"$work/sshd_config"
  is_good_config "$work/sshd_config" || { problem "sshd would not start with $drop_in: $(said)" && return; }
  [ ! -f "$drop_in" ] || cp "$drop_in" "$work/drop-in-before" || die "$work can not be written"
  was_due=$(find "$state/reload-due" 2>/dev/null) || put "$state/reload-due" 600 </dev/null
  put "$drop_in" 644 <"$work/drop-in" && is_good_config "$config" && return
  # Where it is included says more than a trial: below a Match block, for one.
  problem "sshd would not start with $drop_in, and has what was there before again: $(said)"
  if [ -e "$work/drop-in-before" ]; then put "$drop_in" 644 <"$work/drop-in-before"; else rm -f "$drop_in" && flush "${drop_in%/*}"; fi
  [ -n "$was_due" ] || rm -f "$state/reload-due"; }
reload_when_due() {
  if [ -n "$dry" ] || ! [ -e "$state/reload-due" ]; then return; fi
  is_good_config "$config" || { problem "sshd would not start again, and was not reloaded: $(said)" && return; }
  command=$(value reload) && if [ "$command" = auto ]; then reload_sshd; else sh -c "$command"; fi </dev/null >"$work/stderr" 2>&1 9>&- &&
    rm -f "$state/reload-due" || problem "sshd was not reloaded: $(said)"; }
reload_sshd() { # by systemd, else by its number; where neither is there, nothing runs, or each connection has an sshd of its own
  for unit in ssh.service sshd.service; do if systemctl is-active "$unit"; then systemctl try-reload-or-restart "$unit" && return; fi; done
  pid=$(cat /run/sshd.pid) || return 0
  [ "$(cat "/proc/$pid/comm")" != sshd ] || kill -HUP "$pid"; }
read_log() { # at most 16 MiB of what was logged since the last run into $work/log: whole lines, but for one that is longer
  from='' offset=0 && if [ -s "$state/seen" ]; then read -r _ from offset <"$state/seen"; fi
  if [ "$auth_log" = journal ]; then # what pam-ussh logs is of the user who called sudo
    journalctl -q --no-pager -o short --show-cursor -n 20000 "${from:+--after-cursor=}${from:---since=-7d}" _UID=0 SYSLOG_IDENTIFIER=sshd \
      SYSLOG_IDENTIFIER=sshd-session + SYSLOG_IDENTIFIER=pam-ussh >"$work/log" 2>"$work/stderr" || return
    sed -n 's/^-- cursor: /journal /p' "$work/log" >"$work/position" && if [ "$(wc -l <"$work/log")" -gt 20000 ]; then behind=yes; fi && return
  fi
  file=$(find "${auth_log%/*}" -name "${auth_log##*/}*" -inum "${from:-0}" 2>/dev/null | sed 1q)
  # The same file, or the one that it was renamed to, until that has no more.
  if [ -z "$file" ] || [ "$(wc -c <"$file")" -lt "$offset" ] || [ "$file $(wc -c <"$file")" = "${file#"$auth_log"} $offset" ]; then file=$auth_log offset=0; fi
  [ -f "$file" ] && tail -c "+$((offset + 1))" "$file" 2>"$work/stderr" | head -c 16777216 | tr '\000' ' ' >"$work/more" && cp "$work/more" "$work/log" || return
  if [ "$(wc -c <"$work/more")" -eq 16777216 ]; then behind=yes; fi
  if [ -n "$(tail -c 1 "$work/more")" ] && { [ -z "$behind" ] || [ "$(wc -l <"$work/more")" -gt 0 ]; }; then sed '$d' "$work/more" >"$work/log"; fi
  [ -s "$work/more" ] || [ ! -s "$work/stderr" ]; }
find_seen() { # up to 1000 certificates of CA keys that this host trusts into $work/seen, and where the log is read to into $work/position
  awk 'NR == FNR { purpose[$3] = $2; next } { found = ""; sub(/\r$/, ""); sub(/^([A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]+|[0-9-]+T[^ ]+) [^ ]+ /, "") }
    /^(sshd(-session)?\[[0-9]+\]: )?Accepted publickey for .*-CERT / {
      if (/ \(serial [0-9]+\) CA [^ ]+ SHA256:[^ ]+$/ && length($NF) == 50) { found = purpose[$NF]; serial = $(NF - 3) } else cut++ }
    /^pam-ussh\[[0-9]+\]: [Aa]uthentication succe?eded for .*(, cert [0-9]+|\(cert ".*", [0-9]+\))$/ { found = "sudo"; serial = $NF }
    { sub(/\)$/, "", serial) }
    found != "" && serial ~ /^(0|[1-9][0-9]*)$/ && (length(serial) < 20 || length(serial) == 20 && "" serial <= "18446744073709551615") && !known[found, serial]++ {
      print "seen", found, serial; if (++count == 1000) exit }
    END { print "lines", FNR; if (cut) print "cut", cut }' "$work/trusts" "$work/log" >"$work/found"
  grep '^seen ' "$work/found" >"$work/seen" || :
  [ -z "$(value cut "$work/found")" ] || problem "$(value cut "$work/found") lines about certificates in $auth_log are cut off: whose they are can not be told"
  head -n "$(value lines "$work/found")" "$work/log" >"$work/read" && cmp -s "$work/log" "$work/read" || behind=yes
  [ "$auth_log" = journal ] || printf 'file %s %s\n' "$(stat -c %i "$file")" $((offset + $(wc -c <"$work/read"))) >"$work/position"
  # A file is read on by the next run; a journal is not.
  [ -z "$behind" ] || { [ "$auth_log" != journal ] && [ ! -e "$state/behind" ]; } || problem "more is written to $auth_log than one run can read"; }
report() {
  for purpose in login sudo builder; do ssh-keygen -l -f "$dir/${purpose}_ca.pub" 2>/dev/null | sed "s/^[0-9]* \(SHA256:[^ ]*\) .*/trusts $purpose \1/"; done | sort -u | sed 64q >"$work/trusts"
  auth_log=$(value auth-log) pam=$(value pam-ussh) openssh=$("$sshd" -V 2>&1 | sed -n 's/^\(OpenSSH_[^,]*\).*/\1/p' | printable 200)
  behind='' && : >"$work/seen" && if read_log; then find_seen; else problem "$auth_log can not be read: $(said)"; fi
  if [ -e "$pam" ]; then pam=$(tr -c '[:print:]\t' '\n' <"$pam" | sed -n 's|^.*golang.org/x/crypto[[:space:]]\(v[0-9][0-9.]*\).*|x/crypto \1|p' | sed 1q); else pam=none; fi
  { call_text 'usher host report v1' && printf 'number %s\nfiles-sha256 %s\nopenssh %s\npam-ussh %s\n' "$number" "$hash" "${openssh:-unknown}" "${pam:-unknown}"
    cat "$work/trusts" && while read -r key; do ssh-keygen -L -f "$(certificate_of "$key")" 2>/dev/null | sed -n 's/^ *Serial: /shows /p'; done <"$work/keys"
    cat "$work/seen" && sed 's/^/problem /;10q' "$work/problems"; } >"$work/text"
  sign_text 1 && post /v1/hosts/report 4096 || { say 'warning: the report did not arrive' && return; }
  [ ! -s "$work/position" ] || put "$state/seen" 600 <"$work/position"
  rm -f "$state/behind" && if [ -n "$behind" ]; then put "$state/behind" 600 </dev/null; fi; }
sync_host() {
  [ -s "$state/settings" ] && [ -s "$state/generation" ] || die 'this host is not enrolled: usher-host enroll TOKENFILE'
  use_settings "$state/settings" && online=0 && fetch_bundle || online=$?
  if [ "$online" -eq 2 ]; then online=0 && fetch_bundle || online=$?; fi
  case $online in 0) ;; 1) use_last_bundle ;; *) die 'this host got no bundle' ;; esac
  unpack && check_files && choose_sudo_ca
  [ "$online" -ne 0 ] || renew_when_due
  install_files && install_drop_in && reload_when_due
  [ -n "$dry" ] || [ "$online" -ne 0 ] || { put "$state/files.tar" 600 <"$work/files.tar" && put "$state/statement" 600 <"$work/statement" && report; }; }
enroll() { # TOKENFILE
  if [ "$1" = - ]; then cat; else cat "$1"; fi >"$work/token" || die "$1 can not be read"
  host=$(value host "$work/token") token=$(value token "$work/token")
  printf 'usher host token v1\nauthority %s\nhost %s\nbundle-key %s\ntoken %s\nuntil %s\n' "$AUTHORITY" "$host" "$BUNDLE_KEY" "$token" "$(value until "$work/token")" |
    cmp -s - "$work/token" || die 'this is no token for a host of the authority, with the bundle key, that this program is for'
  make_settings "$host" && use_settings "$work/settings" && token_hash=$(hash_of "$token") && new_secret
  [ "$(value token-sha256 "$state/enrolling")" = "$token_hash" ] || save enrolling "$(printf 'token-sha256 %s\nasked %s' "$token_hash" "$next")"
  next=$(value asked "$state/enrolling")
  # Shown again after it has enrolled this host, the token would look as if it had a second holder, and lock this machine.
  if [ -n "$next" ] && [ "$next" != "$(value secret "$state/generation")" ]; then
    certify 0 "$token" || die 'this host was not enrolled'
    rm -f "$state/statement" # numbers and lists begin anew; the files still say which keys for sudo are the authority's
    save enrolling "$(printf 'token-sha256 %s\ninstalled' "$token_hash")" && rm -f "$state/pending" && say "this host is enrolled as $host at $AUTHORITY"
  fi
  put "$state/settings" 600 <"$work/settings"; }
make_settings() { # HOST: what was given, then what holds otherwise
  log=/var/log/auth.log && if [ -S /run/systemd/journal/socket ]; then log=journal; fi
  printf '%s\n' "authority $AUTHORITY" "host $1" "bundle-key $BUNDLE_KEY" "$options" 'directory /etc/ssh/usher' 'sshd-config /etc/ssh/sshd_config' \
    'drop-in /etc/ssh/sshd_config.d/20-usher.conf' 'reload auto' "auth-log $log" "sshd $(command -v sshd)" \
    "pam-ussh $(find /lib /usr/lib /usr/lib64 -name pam_ussh.so 2>/dev/null | sed 1q)" 'pam-ussh /usr/lib/security/pam_ussh.so' |
    sed 's/^dir /directory /' | awk 'NF > 1 && ($1 == "host-key" || !known[$1]++)' >"$work/settings"
  config=$(value sshd-config "$work/settings") && grep -q '^host-key ' "$work/settings" || sshd -T -f "$config" 2>/dev/null | sed -n 's/^hostkey //p' |
    while read -r key; do [ ! -f "$key" ] || echo "host-key $key"; done >>"$work/settings"
  ! grep -Evqx '(authority|host|bundle-key|reload) [ -~]+|drop-in none|auth-log journal|[a-z-]+ (/[A-Za-z0-9_+@-][A-Za-z0-9._+@-]*)+' "$work/settings" &&
    grep -q '^host-key ' "$work/settings" && grep -q '^sshd ' "$work/settings" || die 'there is no sshd or no host key, or a path has other characters than A-Z a-z 0-9 . _ + @ -'; }
program=${1:-} token_file=${2:-}
case $program$# in enroll[01]) usage 'which token?' ;; enroll*) shift 2 ;; sync*) shift ;; *) usage 'it enrols this host, or syncs it' ;; esac
while [ $# -gt 0 ]; do
  case $program$1 in
    sync--dry-run) dry=yes ;;
    enroll--no-drop-in) options=$(printf '%s\ndrop-in none' "$options") ;;
    *--state | enroll--dir | enroll--host-key | enroll--sshd-config | enroll--drop-in | enroll--reload | enroll--auth-log)
      [ $# -ge 2 ] || usage "$1 needs a value"
      if [ "$1" = --state ]; then state=$2; else options=$(printf '%s\n%s %s' "$options" "${1#--}" "$2"); fi
      shift ;;
    *) usage "what is $1?" ;;
  esac && shift
done
open_state && if [ "$program" = enroll ]; then enroll "$token_file"; fi
sync_host; exit "$failed"
