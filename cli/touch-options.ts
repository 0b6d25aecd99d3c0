import type { Command } from 'commander';

/** The options that every command with a touch has. */
export function addTouchOptions(command: Command): Command {
  return command
    .option('--with <way>', 'how to touch: browser, security-key, ssh-key, or the name of a plugin')
    .option('--touch-key <file>', 'ssh-key: the file of the security key (default: ~/.ssh/id_ed25519_sk)')
    .option('--sk-provider <path>', 'ssh-key: the library that talks to it (default: $SSH_SK_PROVIDER)')
    .option('--device <path>', 'security-key: the device (default: $USHER_FIDO_DEVICE, else the only one)')
    .option('--authority <name>', 'the host of the authority, if not the default one ($USHER_AUTHORITY)');
}
