/** What a host remembers between two runs, in a directory that only root enters. Each file is whole, and on the disk before it counts. */
import { UsherCommandError } from '../error.ts';
import type { MachineFiles } from './files.ts';
import { readPlain, readPlainText, SECRET_MODE, toBytes } from './files.ts';
import type { MachineSettings } from './settings.ts';
import { formatSettings, parseSettings } from './settings.ts';

export const DEFAULT_STATE = '/var/lib/usher';
const STATE_MODE = 0o700;

/** How often its certificates were renewed, and the secret that the next renewal shows. */
export interface Generation {
  readonly generation: number;
  readonly secret: string;
}

/** How far the last enrolment has come. */
export interface Enrolling {
  /** SHA-256 in hex. */
  readonly tokenHash: string;
  readonly step: /** With the secret of the first renewal; the reply may be lost. */
    | { readonly kind: 'asked'; readonly secret: string }
    /** The certificates came, and may not be in place yet. */
    | { readonly kind: 'received' }
    | { readonly kind: 'installed' };
}

const GENERATION = /^generation (0|[1-9][0-9]{0,15})\nsecret ([A-Za-z0-9_-]{43})\n$/;
const PENDING = /^secret ([A-Za-z0-9_-]{43})\n$/;
const ENROLLING = /^token-sha256 ([0-9a-f]{64})\n(asked|received|installed)(?: ([A-Za-z0-9_-]{43}))?\n$/;

type Name =
  | 'settings'
  | 'generation'
  | 'pending'
  | 'enrolling'
  | 'statement'
  | 'files.tar'
  | 'reload-due'
  | 'seen';

export class MachineState {
  readonly directory: string;
  readonly #files: MachineFiles;

  constructor(directory: string, files: MachineFiles) {
    this.directory = directory;
    this.#files = files;
  }

  async make(): Promise<void> {
    await this.#files.makeDirectory(this.directory, STATE_MODE);
  }

  /** @throws UsherCommandError `not-enrolled`, `bad-settings` */
  async settings(): Promise<MachineSettings> {
    const text = await this.#text('settings');
    if (text !== undefined) return parseSettings(text);
    throw new UsherCommandError(
      'not-enrolled',
      `this host is not enrolled: there is no ${this.#path('settings')}`,
      {
        hint: 'have it invited (usher host invite), then: usher host enroll --token-file FILE',
      },
    );
  }

  saveSettings(settings: MachineSettings): Promise<void> {
    return this.#write('settings', formatSettings(settings));
  }

  /** @throws UsherCommandError `bad-settings` */
  async generation(): Promise<Generation> {
    const [, generation, secret] = GENERATION.exec((await this.#text('generation')) ?? '') ?? [];
    if (generation === undefined || secret === undefined)
      throw new UsherCommandError('bad-settings', `${this.#path('generation')} is missing or damaged`, {
        hint: 'this host needs a new token: usher host invite, usher host enroll',
      });
    return { generation: Number(generation), secret };
  }

  saveGeneration({ generation, secret }: Generation): Promise<void> {
    return this.#write('generation', `generation ${generation}\nsecret ${secret}\n`);
  }

  /** The secret of a renewal that was asked for, and whose reply may be lost. */
  async pending(): Promise<string | undefined> {
    return PENDING.exec((await this.#text('pending')) ?? '')?.[1];
  }

  savePending(secret: string): Promise<void> {
    return this.#write('pending', `secret ${secret}\n`);
  }

  dropPending(): Promise<void> {
    return this.#drop('pending');
  }

  async enrolling(): Promise<Enrolling | undefined> {
    const [, tokenHash, kind, secret] = ENROLLING.exec((await this.#text('enrolling')) ?? '') ?? [];
    if (tokenHash === undefined) return undefined;
    if (kind === 'asked') return secret === undefined ? undefined : { tokenHash, step: { kind, secret } };
    return { tokenHash, step: { kind: kind === 'received' ? kind : 'installed' } };
  }

  saveEnrolling({ tokenHash, step }: Enrolling): Promise<void> {
    const secret = step.kind === 'asked' ? ` ${step.secret}` : '';
    return this.#write('enrolling', `token-sha256 ${tokenHash}\n${step.kind}${secret}\n`);
  }

  /** Whether the certificates came that this enrolment asked for. */
  async hasReceived({ step }: Enrolling): Promise<boolean> {
    if (step.kind !== 'asked') return true;
    return GENERATION.exec((await this.#text('generation')) ?? '')?.[2] === step.secret;
  }

  /** Whether an enrolment ended before its certificates were in place. */
  async isEnrolmentOpen(): Promise<boolean> {
    const begun = await this.enrolling();
    return begun !== undefined && begun.step.kind !== 'installed' && (await this.hasReceived(begun));
  }

  /** Before the first renewal: from then on the token is not to be shown again. */
  async settleEnrolment(kind: 'received' | 'installed'): Promise<void> {
    const begun = await this.enrolling();
    if (begun === undefined || begun.step.kind === kind || !(await this.hasReceived(begun))) return;
    if (begun.step.kind !== 'installed') await this.saveEnrolling({ ...begun, step: { kind } });
  }

  /** The bundle that was installed last, as the authority signed it. */
  statement(): Promise<string | undefined> {
    return this.#text('statement');
  }

  archive(): Promise<Uint8Array | undefined> {
    return readPlain(this.#files, this.#path('files.tar'));
  }

  /** The statement last: it says that everything else is there. */
  async saveBundle(statement: string, archive: Uint8Array): Promise<void> {
    await this.#files.write(this.#path('files.tar'), archive, SECRET_MODE);
    await this.#write('statement', statement);
  }

  /** From now on whichever comes is the first. */
  forgetStatement(): Promise<void> {
    return this.#drop('statement');
  }

  async forgetBundle(): Promise<void> {
    await this.forgetStatement();
    await this.#drop('files.tar');
  }

  /** Whether sshd has not been told yet of what was installed. */
  async isReloadDue(): Promise<boolean> {
    return (await this.#text('reload-due')) !== undefined;
  }

  async setReloadDue(isDue: boolean): Promise<void> {
    if (isDue === (await this.isReloadDue())) return;
    await (isDue ? this.#write('reload-due', '') : this.#drop('reload-due'));
  }

  /** Where reading of the log has come to. */
  seen(): Promise<string | undefined> {
    return this.#text('seen');
  }

  saveSeen(position: string): Promise<void> {
    return this.#write('seen', position);
  }

  #text(name: Name): Promise<string | undefined> {
    return readPlainText(this.#files, this.#path(name));
  }

  #write(name: Name, text: string): Promise<void> {
    return this.#files.write(this.#path(name), toBytes(text), SECRET_MODE);
  }

  async #drop(name: Name): Promise<void> {
    if ((await this.#files.read(this.#path(name))) !== undefined) await this.#files.remove(this.#path(name));
  }

  #path(name: Name): string {
    return `${this.directory}/${name}`;
  }
}
