/** `usher ca`: see the CA keys of the authority, replace one, or revoke one that was stolen. */
import { Command } from 'commander';
import type { Surroundings } from '../surroundings.ts';
import { caListCommand } from './ca-list.ts';
import { caRevokeCommand } from './ca-revoke.ts';
import { caRotateCommand } from './ca-rotate.ts';

export function caCommand(surroundings: Surroundings): Command {
  return new Command('ca')
    .description('see the CA keys of the authority, replace one, or revoke one that was stolen')
    .addCommand(caListCommand(surroundings))
    .addCommand(caRotateCommand(surroundings))
    .addCommand(caRevokeCommand(surroundings));
}
