/** `usher host enroll`: once for each host, by a token that somebody got for it with a touch. Made again with the same token it goes on where it was. */
import { secretHash } from '../../src/fleet/host/secret.ts';
import { fingerprint, samePublicKey } from '../../src/ssh/public-key.ts';
import { UsherCommandError } from '../error.ts';
import { say } from '../terminal.ts';
import type { Machine } from './machine.ts';
import { newSecret, requestCertificates } from './renew.ts';
import type { MachineSettings } from './settings.ts';
import type { MachineState } from './state.ts';
import { syncHost } from './sync.ts';

interface EnrollOptions {
  /** Whether it may leave the authority that it has. */
  readonly isReplacing: boolean;
}

/** @param machine with the settings that it will have. @throws UsherCommandError */
export async function enrollHost(
  machine: Machine,
  token: string,
  { isReplacing }: EnrollOptions = { isReplacing: false },
): Promise<void> {
  const { state, surroundings, settings } = machine;
  say(surroundings, `the authority of this host is ${nameOf(settings)}`);
  if (!isReplacing) await assertSameAuthority(machine);
  const tokenHash = secretHash(token);
  const begun = await state.enrolling();
  if (begun?.tokenHash === tokenHash && (await state.hasReceived(begun))) {
    // To ask again would look like a second holder of the token, and lock this machine.
    say(surroundings, 'this token has enrolled this host already');
    await state.saveSettings(settings);
    await syncHost(machine);
    return sayNext(machine);
  }
  const asked = begun?.tokenHash === tokenHash && begun.step.kind === 'asked' ? begun.step : undefined;
  const next = asked?.secret ?? newSecret(surroundings);
  await state.saveEnrolling({ tokenHash, step: { kind: 'asked', secret: next } });
  const { certificates } = await requestCertificates(machine, { generation: 0, secret: token }, next);
  await takeOver(machine, tokenHash, next);
  say(surroundings, `this host is enrolled as ${settings.host} at ${settings.authority}`);
  await syncHost(machine, certificates);
  sayNext(machine);
}

/** Whoever slips somebody a token would have the host otherwise. */
async function assertSameAuthority({ state, settings }: Machine): Promise<void> {
  const before = await settingsBefore(state);
  if (before === undefined || nameOf(before) === nameOf(settings)) return;
  throw new UsherCommandError('refused', `this host is enrolled at another authority: ${nameOf(before)}`, {
    hint: 'if it shall leave that one, and the key of the other is the right one: --replace',
  });
}

function nameOf({ authority, bundleKey }: MachineSettings): string {
  return `${authority}, whose bundles ${fingerprint(bundleKey)} signs`;
}

/** What was installed is kept in step by nothing yet. */
function sayNext({ surroundings }: Machine): void {
  say(
    surroundings,
    'next, the timer that runs "usher host sync": usher export systemd --unit service, and --unit timer',
  );
}

/** Only now what was before counts no more: a token that is refused costs nothing. */
async function takeOver({ state, settings }: Machine, tokenHash: string, secret: string): Promise<void> {
  const before = await settingsBefore(state);
  if (before !== undefined && !isSameBundle(before, settings)) await state.forgetBundle();
  // An authority that lied about its numbers once, or lost them, is believed again: somebody touched a key for this.
  await state.forgetStatement();
  await state.saveSettings(settings);
  await state.saveGeneration({ generation: 1, secret });
  await state.dropPending();
  await state.saveEnrolling({ tokenHash, step: { kind: 'received' } });
}

async function settingsBefore(state: MachineState): Promise<MachineSettings | undefined> {
  try {
    return await state.settings();
  } catch (error) {
    // None, or damaged ones: that is what a new enrolment is for.
    if (error instanceof UsherCommandError) return undefined;
    throw error;
  }
}

/** Numbers of bundles mean something only within one authority, for one host. */
function isSameBundle(a: MachineSettings, b: MachineSettings): boolean {
  return a.authority === b.authority && a.host === b.host && samePublicKey(a.bundleKey, b.bundleKey);
}
