/** `usher host`: what concerns hosts, at a desk and on the host itself. */
import { Command } from 'commander';
import type { Surroundings } from '../surroundings.ts';
import { hostCheckCommand } from './host-check.ts';
import { hostEnrollCommand } from './host-enroll.ts';
import { hostInviteCommand } from './host-invite.ts';
import { hostListCommand } from './host-list.ts';
import { hostSyncCommand } from './host-sync.ts';
import { hostTrustCommand } from './host-trust.ts';

export function hostCommand(surroundings: Surroundings): Command {
  return new Command('host')
    .description('enrol hosts, and what a host itself does')
    .addCommand(hostInviteCommand(surroundings))
    .addCommand(hostListCommand(surroundings))
    .addCommand(hostCheckCommand(surroundings))
    .addCommand(hostEnrollCommand(surroundings))
    .addCommand(hostSyncCommand(surroundings))
    .addCommand(hostTrustCommand(surroundings));
}
