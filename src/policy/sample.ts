/** The roster that `usherd init` writes: a working start in which every field explains itself. */

/** @param person the first person in it, a good name of a person and a login */
export function sampleRoster(person = 'alice'): string {
  return `# The roster: who may have which SSH certificate. YAML 1.2; JSON is fine, too.
# Keep it in git and review each change like code: whoever can change this file can let anybody in.
#   usherd roster check FILE       every fault, with line numbers
#   usherd roster diff OLD NEW     what each person gains and loses
#   usherd roster load FILE        puts it in force (so does SIGHUP); one with faults is refused whole
# Durations are one number and one unit: 90m, 8h, 1d. All fields are in docs/roster.md.

people:
  ${person}:
    # Unix accounts that this person may sign in to. The first is the usual one.
    logins: [${person}]
    # What the person may do: names from "roles" below. For each host the first role that grants it counts.
    roles: [engineer, keeper]
    # From this moment on the person gets nothing (RFC 3339). Without it, until this entry is removed.
    # until: 2027-06-30T00:00:00Z
    # Security keys that may touch for this person, as in the .pub file of "ssh-keygen -t ed25519-sk".
    # Others, passkeys too, are enrolled with an invite: usherd invite ${person}
    # security_keys:
    #   - sk-ssh-ed25519@openssh.com AAAA... ${person}@laptop

roles:
  engineer:
    # Certificates to sign in with.
    login:
      # "*" is every host; else a list of hosts and groups from "hosts" below: [web, db1].
      hosts: "*"
      # How long a certificate lives when nobody asks for another time, and the most that may be asked for (24h at most).
      lifetime: 20h
      max_lifetime: 24h
      # Networks from which the certificate may be used; sshd checks it. Without it, from anywhere.
      # source_addresses: [10.0.0.0/8, "2001:db8::/32"]
      # What sshd allows in the session. Further: permit-port-forwarding, permit-X11-forwarding, permit-user-rc.
      extensions: [permit-pty, permit-agent-forwarding]
    # Certificates for sudo, where pam-ussh asks for them. Without this part, none.
    sudo:
      # "*" is every host of this file; else a list of hosts and groups. Hosts are asked for by name: usher sudo web1
      hosts: "*"
      # true: may also ask for what every host takes at once (usher sudo --everywhere).
      everywhere: false
      # Expiry is all that ends sudo: keep it short.
      lifetime: 1h
      max_lifetime: 4h
      # How many other people have to approve each request, and the roles whose people may.
      # approvals: 1
      # approvers: [lead]
      # "required": the person has to say what it is for; approvers see it and the log keeps it.
      reason: optional
      # Only security keys are certified, so that each sudo costs a touch. Without it, others too.
      # subject_keys: sk
    # What a touch has to show, for sign-in and for sudo, and for approvals of it.
    touch:
      # "required": PIN or fingerprint with each touch. "preferred": only where the security key insists.
      user_verification: preferred
      # true: refuse a touch in a browser on another machine than the one that asked.
      same_machine: false
      # Only security keys that proved at enrolment to be of these models, vouched for by these makers.
      # attestation:
      #   aaguids: [ee882879-721c-4913-9775-3dfcce97072a]
      #   roots:
      #     - |
      #       -----BEGIN CERTIFICATE-----
      #       ...
  keeper:
    # What these people may do to usherd itself, each time with a touch. "hosts": let hosts enrol (usher host invite).
    # "revoke": end what was issued (usher revoke). "ca": replace the keys that sign (usher ca rotate).
    manage: [hosts, revoke, ca]
    # With a PIN or fingerprint each time, so that a security key that was found can do none of it.
    # touch: { user_verification: required }

hosts:
  web1:
    # What clients call it; for its host certificate. Without it, the name above.
    names: [web1.example.org]
    # A group stands for all of its hosts, in roles and in certificates. It exists by being named here.
    groups: [web]
    # What sudo on it takes is sudoer@<this name>. Without it, the name above.
    # sudo_name: web-1

# Only where usherd.yaml says signers: { sudo: touch }. Then security keys of these people sign for sudo, and usherd
# itself can not. Each of these keys is by itself root on every host.
# sudo_ca:
#   - person: ${person}
#     key: sk-ssh-ed25519@openssh.com AAAA... ${person}@safe
#     state: active   # coming: hosts trust it already; retired: hosts trust it still
`;
}
