/** What acts are called before the touch and after it. */
import type { Act, ActKind, TargetKind } from '../../src/ssh/act.ts';

interface ActWords {
  readonly title: string;
  /** On the button. */
  readonly touch: string;
  readonly done: string;
  /** What comes of it, once it is done. */
  readonly outcome: string;
}

const WORDS: Readonly<Record<Exclude<ActKind, 'revoke'>, ActWords>> = {
  'invite-host': {
    title: 'Invite a host',
    touch: 'Touch to invite this host',
    done: 'Invited',
    outcome:
      'The terminal has the token. Bring it to the host in private: whoever has it first is that host.',
  },
  'stage-ca': {
    title: 'Publish a CA key',
    touch: 'Touch to publish this key',
    done: 'Published',
    outcome: 'Who has to trust the key gets it from now on. It signs nothing yet.',
  },
  'activate-ca': {
    title: 'Let a CA key sign',
    touch: 'Touch to let this key sign',
    done: 'It signs',
    outcome:
      'The key signs from now on. The one before is trusted until nothing that it signed counts any more.',
  },
  'retire-ca': {
    title: 'Remove a CA key',
    touch: 'Touch to remove this key',
    done: 'Removed',
    outcome: 'The key is no longer given to anybody.',
  },
  'revoke-ca': {
    title: 'Revoke a CA key',
    touch: 'Touch to revoke this CA key',
    done: 'CA key revoked',
    outcome:
      'Nothing that it signed counts any more. The terminal says whose certificates have to be issued again.',
  },
};

const REVOKED: Readonly<Record<TargetKind, string>> = {
  serial: 'Revoke a certificate',
  person: 'Revoke all of a person',
  key: 'Revoke a key',
  machine: 'Revoke a machine',
  credential: 'Revoke a security key',
};

export function wordsOf(act: Act): ActWords {
  if (act.kind !== 'revoke') return WORDS[act.kind];
  return {
    title: REVOKED[act.target.kind],
    touch: 'Touch to revoke this',
    done: 'Revoked',
    outcome: `${refusing(act.target.kind)} on. The terminal lists what was revoked.`,
  };
}

/** Certificates of a machine are shown to clients. */
function refusing(kind: TargetKind): string {
  return kind === 'machine'
    ? 'Clients refuse it from their next login'
    : 'Hosts refuse it from their next sync';
}

const PURPOSES: Readonly<Record<string, string>> = {
  login: 'sign-in',
  sudo: 'sudo',
  builder: 'builders',
  host: 'hosts',
};

/** A purpose that we have no words for stands for itself. */
export function purposeInWords(purpose: string): string {
  return PURPOSES[purpose] ?? purpose;
}
