/** The whole tree of commands, for help and documents; `run.ts` loads no more of it than it runs. */
import type { Command } from 'commander';
import { assemble } from './assemble.ts';
import { approvalsCommand } from './commands/approvals.ts';
import { approveCommand, rejectCommand } from './commands/approve.ts';
import { caCommand } from './commands/ca.ts';
import { certificateCommand } from './commands/certificate.ts';
import { configCommand } from './commands/config.ts';
import { doctorCommand } from './commands/doctor.ts';
import { enrollCommand } from './commands/enroll.ts';
import { exportCommand } from './commands/export.ts';
import { hostCommand } from './commands/host.ts';
import { loginCommand } from './commands/login.ts';
import { logoutCommand } from './commands/logout.ts';
import { revokeCommand } from './commands/revoke.ts';
import { statusCommand } from './commands/status.ts';
import { sudoCommand } from './commands/sudo.ts';
import { sudoCaCommand } from './commands/sudo-ca.ts';
import { realSurroundings } from './real-surroundings.ts';
import type { Surroundings } from './surroundings.ts';

export function makeProgram(surroundings: Surroundings = realSurroundings()): Command {
  return assemble(surroundings, [
    enrollCommand,
    loginCommand,
    sudoCommand,
    approvalsCommand,
    approveCommand,
    rejectCommand,
    statusCommand,
    logoutCommand,
    revokeCommand,
    doctorCommand,
    certificateCommand,
    configCommand,
    exportCommand,
    sudoCaCommand,
    caCommand,
    hostCommand,
  ]);
}
