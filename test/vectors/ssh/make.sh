#!/bin/sh
# Makes the golden vectors of this directory anew, with OpenSSH's ssh-keygen (9.2 or later) and the software security key of Debian's
# package openssh-tests. The keys are new each time, so the results are committed; run this only to add vectors:
#
#     sh test/vectors/ssh/make.sh
#
# Every file in certificates/ has four parts, parted by lines of "---": the command, the certificate, the fields in which it differs
# from a plain login certificate (written by hand below, beside the options), and what "ssh-keygen -L" says of it.
set -eu
umask 077
cd "$(dirname "$0")"
rm -rf keys certificates signatures
mkdir keys certificates signatures
export SSH_SK_PROVIDER=/usr/lib/openssh/regress/misc/sk-dummy/sk-dummy.so
export TZ=UTC

# --- keys: one of each type, and the same key in other file formats -------------------------------------------------
key() { # name, arguments of ssh-keygen
  name=$1
  shift
  ssh-keygen -q -N '' -C "$name@vectors" -f "keys/$name" "$@"
  ssh-keygen -l -f "keys/$name.pub" | cut -d ' ' -f 2 >"keys/$name.fingerprint"
}
key ed25519 -t ed25519
key p256 -t ecdsa -b 256
key p384 -t ecdsa -b 384
key p521 -t ecdsa -b 521
key rsa3072 -t rsa -b 3072
key rsa4096 -t rsa -b 4096
key rsa2048 -t rsa -b 2048
key dsa -t dsa
key sk-ed25519 -t ed25519-sk
key sk-ecdsa -t ecdsa-sk
key sk-ed25519-uv -t ed25519-sk -O verify-required
key sk-ed25519-no-touch -t ed25519-sk -O no-touch-required
key sk-ecdsa-app -t ecdsa-sk -O application=ssh:ca.example.org
key ca -t ed25519

# The same private key in every format that ssh-keygen writes; the passphrase is "vectors".
for name in ed25519 p256 p384 p521 rsa3072; do
  cp "keys/$name" "keys/$name.encrypted"
  ssh-keygen -q -p -P '' -N vectors -f "keys/$name.encrypted" >/dev/null
  cp "keys/$name" "keys/$name.aes128-cbc"
  ssh-keygen -q -p -P '' -N vectors -Z aes128-cbc -f "keys/$name.aes128-cbc" >/dev/null
  ssh-keygen -e -m RFC4716 -f "keys/$name.pub" >"keys/$name.rfc4716.pub"
  [ "$name" = ed25519 ] && continue # ssh-keygen writes these only for the others
  for format in PEM PKCS8; do
    file="keys/$name.$(echo $format | tr '[:upper:]' '[:lower:]')"
    cp "keys/$name" "$file"
    ssh-keygen -q -p -P '' -N '' -m $format -f "$file" >/dev/null
    cp "$file" "$file.encrypted"
    ssh-keygen -q -p -P '' -N vectors -m $format -f "$file.encrypted" >/dev/null
    ssh-keygen -e -m $format -f "keys/$name.pub" >"$file.pub"
  done
done
cp keys/ed25519 keys/ed25519.chacha20
ssh-keygen -q -p -P '' -N vectors -Z chacha20-poly1305@openssh.com -f keys/ed25519.chacha20 >/dev/null
cp keys/sk-ed25519 keys/sk-ed25519.encrypted
ssh-keygen -q -p -P '' -N vectors -f keys/sk-ed25519.encrypted >/dev/null
openssl pkcs8 -topk8 -nocrypt -in keys/p256.pem -out keys/p256.openssl-pkcs8

# --- certificates ---------------------------------------------------------------------------------------------------
certificate() { # name, CA key, subject key, expected fields as JSON, options of ssh-keygen
  name=$1 ca=$2 subject=$3 expected=$4
  shift 4
  cp "keys/$subject.pub" subject.pub
  ssh-keygen -q -s "keys/$ca" "$@" subject.pub
  {
    printf 'ssh-keygen -s %s' "$ca"
    for argument in "$@"; do
      case $argument in
      *[!A-Za-z0-9:,@./=_-]*) printf " '%s'" "$argument" ;;
      *) printf ' %s' "$argument" ;;
      esac
    done
    printf ' %s.pub\n---\n' "$subject"
    cat subject-cert.pub
    printf -- '---\n%s\n---\n' "$expected"
    ssh-keygen -L -f subject-cert.pub | sed 1d
  } >"certificates/$name.txt"
  rm subject.pub subject-cert.pub
}

# 2030-01-01 to 2030-01-02, 0:00 UTC
VALID=20300101000000:20300102000000
login() { # name, CA key, subject key, expected fields that differ from those of a plain login certificate, further options
  name=$1 ca=$2 subject=$3 expected=$4
  shift 4
  certificate "$name" "$ca" "$subject" "$expected" -I login:alice:1 -n alice -z 1 -V $VALID "$@"
}

for subject in ed25519 p256 p384 p521 rsa3072 rsa4096 sk-ed25519 sk-ecdsa sk-ecdsa-app; do
  login "subject-$subject" ca $subject '{}'
done
for ca in ed25519 p256 p384 p521 rsa3072 rsa4096 sk-ed25519 sk-ecdsa sk-ecdsa-app; do
  login "ca-$ca" $ca ed25519 '{}'
done
login ca-sk-ed25519-no-touch sk-ed25519-no-touch ed25519 '{}'
login ca-rsa-sha2-256 rsa3072 ed25519 '{}' -t rsa-sha2-256
login ca-ssh-rsa rsa3072 ed25519 '{}' -t ssh-rsa

certificate host ca ed25519 '{"type":"host","keyId":"host:web1:1","principals":["web1.example.org","web1"],"extensions":[]}' \
  -h -I host:web1:1 -n web1.example.org,web1 -z 1 -V $VALID
certificate serial-zero ca ed25519 '{"serial":"0"}' -I login:alice:1 -n alice -V $VALID
certificate serial-max ca ed25519 '{"serial":"18446744073709551615"}' \
  -I login:alice:1 -n alice -z 18446744073709551615 -V $VALID
certificate no-principals ca ed25519 '{"principals":[]}' -I login:alice:1 -z 1 -V $VALID
certificate three-principals ca ed25519 '{"principals":["alice","sudoer@web1.example.org","sudoer"]}' \
  -I login:alice:1 -n alice,sudoer@web1.example.org,sudoer -z 1 -V $VALID
certificate for-ever ca ed25519 '{"validAfter":"0","validBefore":"18446744073709551615"}' \
  -I login:alice:1 -n alice -z 1
certificate key-id-utf8 ca ed25519 '{"keyId":"Jörg \"x\" 鍵"}' -I 'Jörg "x" 鍵' -n alice -z 1 -V $VALID
login clear ca ed25519 '{"extensions":[]}' -O clear
for extension in agent-forwarding port-forwarding pty user-rc X11-forwarding; do
  login "permit-$extension" ca ed25519 "{\"extensions\":[\"permit-$extension\"]}" -O clear -O permit-$extension
done
login no-pty ca ed25519 '{"extensions":["permit-X11-forwarding","permit-agent-forwarding","permit-port-forwarding","permit-user-rc"]}' \
  -O no-pty
login force-command ca ed25519 '{"criticalOptions":{"force-command":"nix-store --serve"}}' \
  -O 'force-command=nix-store --serve'
login source-address ca ed25519 '{"criticalOptions":{"source-address":"10.0.0.0/8,2001:db8::/32"}}' \
  -O source-address=10.0.0.0/8,2001:db8::/32
login two-critical-options ca ed25519 '{"criticalOptions":{"force-command":"/bin/true","source-address":"192.0.2.1/32"}}' \
  -O source-address=192.0.2.1/32 -O force-command=/bin/true
login verify-required ca sk-ed25519 '{"criticalOptions":{"verify-required":null}}' -O verify-required
login no-touch-required ca sk-ed25519 '{"extensions":["no-touch-required","permit-X11-forwarding","permit-agent-forwarding","permit-port-forwarding","permit-pty","permit-user-rc"]}' \
  -O no-touch-required
login custom-critical ca ed25519 '{"criticalOptions":{"x@example.org":"a=b,c"}}' \
  -O critical:x@example.org=a=b,c
login custom-extension ca ed25519 '{"extensions":["x@example.org"]}' -O clear -O extension:x@example.org

# --- SSHSIG: of the file "message", in the namespace "vectors" -------------------------------------------------------
printf 'what was signed\n' >signatures/message
for key in ed25519 p256 p384 p521 rsa3072 rsa4096 sk-ed25519 sk-ecdsa sk-ed25519-no-touch sk-ecdsa-app; do
  ssh-keygen -q -Y sign -n vectors -f "keys/$key" <signatures/message >"signatures/$key.sig"
done
ssh-keygen -q -Y sign -n vectors -O hashalg=sha256 -f keys/ed25519 <signatures/message >signatures/ed25519-sha256.sig
chmod -R u=rwX,go=rX .
