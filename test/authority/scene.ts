/**
 * A whole authority for tests: real store, real keys, a clock that the test turns. People hold security keys in software.
 *
 *     await using scene = await openScene({ roster: ROSTER });
 *     const alice = await scene.enrol('alice');
 *     const asked = await scene.ask('alice', { hosts: ['web1'] });
 *     const request = await scene.touch(asked, alice);
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { answerRequest } from '../../src/authority/approve.ts';
import type { Asked, CertificateQuestion } from '../../src/authority/ask.ts';
import { ask } from '../../src/authority/ask.ts';
import type { Authority } from '../../src/authority/authority.ts';
import type { CaAct, CaKeyResult } from '../../src/authority/ca-acts.ts';
import { carryOutCaAct } from '../../src/authority/ca-acts.ts';
import { confirmEnrolment, offerCredential, startEnrolment } from '../../src/authority/enroll.ts';
import { invitePerson } from '../../src/authority/invite.ts';
import { touchRequest } from '../../src/authority/issue.ts';
import { claimCaKeys } from '../../src/authority/key-roles.ts';
import { loadRoster } from '../../src/authority/load-roster.ts';
import type { CaSigner, Store } from '../../src/authority/ports.ts';
import type { Purpose } from '../../src/authority/purpose.ts';
import { PURPOSES } from '../../src/authority/purpose.ts';
import type { PendingIssue } from '../../src/authority/records.ts';
import { release } from '../../src/authority/release.ts';
import { answerDigest, enrolmentDigest, issueDigest } from '../../src/authority/request-digest.ts';
import { RevocationLists } from '../../src/authority/revocation-lists.ts';
import { RosterInForce } from '../../src/authority/roster-in-force.ts';
import type { Waiting } from '../../src/authority/waiting.ts';
import { describeWaiting } from '../../src/authority/waiting.ts';
import { noteSigner, systemRandom } from '../../src/compose.ts';
import type { AssertionJson } from '../../src/fido/assertion.ts';
import type { Answer } from '../../src/fido/touch-digest.ts';
import { signCheckpoint } from '../../src/log/checkpoint.ts';
import { formatVerifierKey } from '../../src/log/note-key.ts';
import { fileSigner } from '../../src/signer/file.ts';
import { FileKeyring } from '../../src/signer/keyring.ts';
import { possessionMessage } from '../../src/ssh/possession.ts';
import type { PrivateKey } from '../../src/ssh/private-key.ts';
import { ed25519FromSeed } from '../../src/ssh/private-key.ts';
import type { PublicKey } from '../../src/ssh/public-key.ts';
import { encodePublicKey, fingerprint, parsePublicKeyLine } from '../../src/ssh/public-key.ts';
import { signSshsig } from '../../src/ssh/sshsig.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { AttestationKind, CeremonyOptions } from '../support/soft-authenticator.ts';
import { SoftAuthenticator } from '../support/soft-authenticator.ts';

export const ORIGIN = 'https://ca.example.org';
export const START = 1_800_000_000;

/** Where CA keys are made. */
const KEYS = 'keys';

export const ROSTER = `
people:
  alice: { logins: [alice, deploy], roles: [engineer] }
  bob: { logins: [bob], roles: [visitor] }
  carol: { logins: [carol], roles: [engineer], until: 2028-01-01T00:00:00Z }
roles:
  engineer:
    login: { hosts: [web1, db], lifetime: 8h, max_lifetime: 20h }
    manage: [hosts]
  visitor:
    login: { hosts: "*", lifetime: 1h, max_lifetime: 2h, source_addresses: [10.0.0.0/8] }
hosts:
  web1: { names: [web1.example.org], groups: [web] }
  db1: { names: [db1.example.org], groups: [db] }
  web2: { names: [web2.example.org], groups: [web] }
`;

export interface SceneOptions {
  /** Empty: none is loaded. */
  readonly roster?: string;
  /** Wraps the store, e.g. to stop it at a step. */
  readonly wrapStore?: (store: Store) => Store;
  readonly signers?: Partial<SceneSigners>;
  readonly offlineKeys?: Authority['offlineKeys'];
  readonly bounds?: Partial<Authority['bounds']>;
}

/** One for each purpose, or several; "touch" where people sign. */
export type SceneSigners = Readonly<Record<Exclude<Purpose, 'sudo'>, CaSigner | readonly CaSigner[]>> & {
  readonly sudo: CaSigner | readonly CaSigner[] | 'touch';
};

export interface AskOptions {
  readonly logins?: readonly string[];
  readonly hosts?: readonly string[];
  readonly lifetime?: number;
  readonly key?: PrivateKey;
  readonly from?: string;
}

export interface SudoOptions {
  readonly login?: string;
  readonly hosts?: readonly string[];
  readonly reason?: string;
  readonly lifetime?: number;
  readonly key?: PrivateKey;
  readonly withLogin?: boolean;
}

/** A passkey, or an `sk` SSH key: both answer alike. */
export interface Toucher {
  get(options: CeremonyOptions): AssertionJson;
}

export interface Login {
  readonly asked: Asked;
  readonly key: PrivateKey;
  readonly certificate: Uint8Array;
  readonly leaf: Uint8Array;
}

export interface EnrolOptions {
  readonly attestation?: AttestationKind;
}

export class Scene implements AsyncDisposable {
  readonly authority: Authority;
  readonly databasePath: string;
  readonly #directory: string;
  readonly #time: { now: number };
  readonly #openTwin: () => Promise<Authority>;
  readonly #twins: Authority[] = [];

  constructor(opened: OpenedAuthority, directory: string, time: { now: number }) {
    this.authority = opened.authority;
    this.databasePath = opened.path;
    this.#openTwin = opened.twin;
    this.#directory = directory;
    this.#time = time;
  }

  /** The same authority once more, as another process would have it: the same keys, its own connection to the database. */
  async openTwin(): Promise<Authority> {
    const twin = await this.#openTwin();
    this.#twins.push(twin);
    return twin;
  }

  get now(): number {
    return this.#time.now;
  }

  /** The first key of a purpose in the settings: it signs until a test replaces it. */
  caKey(purpose: Purpose): PublicKey {
    return this.caSigner(purpose).publicKey;
  }

  caSigner(purpose: Purpose): CaSigner {
    const [signer] = this.authority.keyring.configured(purpose);
    if (signer === undefined) throw new Error(`people sign for ${purpose}`);
    return signer;
  }

  /** What acts on CA keys do, without their touches. */
  caAct(act: CaAct, authority: Authority = this.authority): Promise<CaKeyResult> {
    return authority.store.write((tx) => carryOutCaAct(authority, tx, act, this.now));
  }

  /** @returns the fingerprint of the new key, which signs from now on */
  async replaceCaKey(purpose: Purpose): Promise<string> {
    const staged = await this.caAct({ kind: 'stage-ca', purpose, key: '' });
    const key = fingerprint(parsePublicKeyLine(staged.key).key);
    await this.caAct({ kind: 'activate-ca', purpose, key, evenWithout: [] });
    return key;
  }

  /** The same authority with other settings, before it starts. */
  withSigners(signers: Partial<SceneSigners>): Authority {
    const own = Object.fromEntries(
      PURPOSES.map((purpose) => [purpose, this.authority.keyring.configured(purpose)]),
    );
    const keyring = sceneKeyring(join(this.#directory, KEYS), { ...own, ...signers });
    return { ...this.authority, keyring, sudoSigner: signers.sudo === 'touch' ? 'touch' : 'authority' };
  }

  /** Turns the clock. */
  pass(seconds: number): void {
    this.#time.now += seconds;
  }

  loadRoster(text: string): Promise<unknown> {
    return loadRoster(this.authority, text);
  }

  /** Invites and enrols: the way of a person, up to the last step. */
  async enrol(
    person: string,
    key: SoftAuthenticator = new SoftAuthenticator(),
    options: EnrolOptions = {},
  ): Promise<SoftAuthenticator> {
    const { authority } = this;
    const secret = await this.invite(person);
    const { request, pollSecret } = await startEnrolment(authority, secret, '192.0.2.1');
    const { rpId } = authority;
    const registration = key.create({
      challenge: request.nonce,
      origin: authority.origin,
      rpId,
      ...options,
    });
    const offer = { kind: 'webauthn', label: 'test', ...registration } as const;
    const credential = await offerCredential(authority, request.id, pollSecret, offer);
    const challenge = enrolmentDigest(authority.origin, request, credential);
    await confirmEnrolment(
      authority,
      request.id,
      pollSecret,
      key.get({ challenge, origin: authority.origin, rpId }),
    );
    return key;
  }

  /** The secret of a new invite. */
  async invite(person: string): Promise<string> {
    const { address } = await invitePerson(this.authority, person);
    const [, secret = ''] = new URL(address).hash.split('.');
    return secret;
  }

  ask(person: string, options: AskOptions = {}): Promise<Asked> {
    const certificates = [this.question(person, options)];
    return ask(this.authority, { person, certificates, from: options.from ?? '192.0.2.1' });
  }

  /** One request for a certificate for each of these keys. */
  askForMany(person: string, keys: readonly PrivateKey[]): Promise<Asked> {
    const certificates = keys.map((key) => this.question(person, { key }));
    return ask(this.authority, { person, certificates, from: '192.0.2.1' });
  }

  question(person: string, options: AskOptions = {}): CertificateQuestion {
    const { logins = [person], hosts = ['web1'], key = newKey(), lifetime } = options;
    const { origin } = this.authority;
    const message = possessionMessage({
      origin,
      person,
      purpose: 'login',
      key: key.publicKey,
      time: this.now,
    });
    return {
      purpose: 'login',
      key: encodePublicKey(key.publicKey),
      logins,
      hosts,
      ...(lifetime === undefined ? {} : { lifetime }),
      possession: { time: this.now, signature: signSshsig(key, 'usher-possession', message) },
    };
  }

  /** Asks for sudo, alone or together with a login. */
  askSudo(person: string, options: SudoOptions = {}): Promise<Asked> {
    const login = options.withLogin === true ? [this.question(person)] : [];
    const certificates = [...login, this.sudoQuestion(person, options)];
    return ask(this.authority, { person, certificates, from: '192.0.2.1' });
  }

  sudoQuestion(person: string, options: SudoOptions = {}): CertificateQuestion {
    const { login = person, hosts = ['web1'], reason = '', key = newKey(), lifetime } = options;
    const { origin } = this.authority;
    const time = this.now;
    const message = possessionMessage({ origin, person, purpose: 'sudo', key: key.publicKey, time });
    return {
      purpose: 'sudo',
      key: encodePublicKey(key.publicKey),
      login,
      hosts,
      reason,
      ...(lifetime === undefined ? {} : { lifetime }),
      possession: { time, signature: signSshsig(key, 'usher-possession', message) },
    };
  }

  /** Another person's answer to a request that waits. */
  async answer(
    { id }: PendingIssue,
    person: string,
    key: Toucher,
    answer: Answer = 'approve',
    authority: Authority = this.authority,
  ): Promise<PendingIssue> {
    const { request, viewSecret } = await this.waiting(id);
    const { origin, rpId } = authority;
    const challenge = answerDigest(origin, request, answer);
    const assertion = key.get({ challenge, origin, rpId });
    return answerRequest(authority, id, viewSecret, person, answer, assertion);
  }

  /** What others can see of a request that waits, whoever they are. */
  async waiting(id: string): Promise<Waiting> {
    return describeWaiting(this.authority, await this.find(id));
  }

  /** A request as it is stored. */
  async find(id: string): Promise<PendingIssue> {
    const request = await this.authority.store.read((tx) => tx.findRequest(id));
    if (request?.action !== 'issue') throw new Error('there is no such request');
    return request;
  }

  assertion(request: PendingIssue, key: Toucher, flags?: number): AssertionJson {
    const { origin, rpId } = this.authority;
    const challenge = issueDigest(origin, request);
    return key.get({ challenge, origin, rpId, ...(flags === undefined ? {} : { flags }) });
  }

  touch({ request, pollSecret }: Asked, key: Toucher): Promise<PendingIssue> {
    return touchRequest(this.authority, request.id, { pollSecret }, this.assertion(request, key));
  }

  /** From question to certificate. */
  async login(person: string, touching: Toucher, options: AskOptions = {}): Promise<Login> {
    const key = options.key ?? newKey();
    const asked = await this.ask(person, { ...options, key });
    const issued = await this.touch(asked, touching);
    const [released] = (await release(this.authority, issued, 0)).certificates;
    if (released === undefined) throw new Error('nothing was released');
    return { asked, key, certificate: released.certificate, leaf: released.leaf };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { store } of [this.authority, ...this.#twins]) await store.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

export function newKey(): PrivateKey {
  return ed25519FromSeed(systemRandom.bytes(32));
}

export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-authority-'));
  const time = { now: START };
  const opened = await makeAuthority(directory, time, options);
  const scene = new Scene(opened, directory, time);
  await claimCaKeys(opened.authority);
  if (options.roster !== '') await scene.loadRoster(options.roster ?? ROSTER);
  return scene;
}

interface OpenedAuthority {
  readonly path: string;
  readonly authority: Authority;
  readonly twin: () => Promise<Authority>;
}

async function makeAuthority(
  directory: string,
  time: { now: number },
  options: SceneOptions,
): Promise<OpenedAuthority> {
  const path = join(directory, 'usher.db');
  const logSigner = noteSigner(ORIGIN, newKey());
  const openStore = async () => {
    const store = await openSqliteStore({
      path,
      signCheckpoint: (size, root) => signCheckpoint({ size, root }, logSigner),
    });
    return options.wrapStore?.(store) ?? store;
  };
  const keys = join(directory, KEYS);
  await mkdir(keys);
  const keyring = sceneKeyring(keys, options.signers);
  const sudoSigner = options.signers?.sudo === 'touch' ? 'touch' : 'authority';
  const ownKeys = PURPOSES.flatMap((purpose) => keyring.configured(purpose)).map((each) => each.publicKey);
  const authorityKeys = [...ownKeys, ...(options.offlineKeys ?? [])];
  const newRosters = () => new RosterInForce({ authorityKeys, sudoSigner });
  const authority: Authority = {
    origin: ORIGIN,
    rpId: 'ca.example.org',
    store: await openStore(),
    rosters: newRosters(),
    revocationLists: new RevocationLists({ now: () => performance.now(), pause }),
    keyring,
    sudoSigner,
    offlineKeys: options.offlineKeys ?? [],
    bundleKey: newKey(),
    throwaway: newKey(),
    logVerifierKey: formatVerifierKey(logSigner),
    decoySecret: systemRandom.bytes(32),
    clock: { now: () => time.now },
    random: systemRandom,
    bounds: {
      pool: { total: 1000, perAddress: 50 },
      perPersonHourly: 20,
      waitingPerPerson: 4,
      ...options.bounds,
    },
  };
  const twin = async () => ({
    ...authority,
    store: await openStore(),
    rosters: newRosters(),
    revocationLists: new RevocationLists({ now: () => performance.now(), pause }),
  });
  return { path, authority, twin };
}

/** As from settings; new keys are made as if all of these were plain files. */
export function sceneKeyring(directory: string, signers: Partial<SceneSigners> = {}): FileKeyring {
  const configuredFor = (one: SceneSigners[Purpose] = caSigner()) => ({
    signers: one === 'touch' ? [] : [one].flat(),
    arePlainFiles: one !== 'touch',
  });
  const configured = {
    login: configuredFor(signers.login),
    sudo: configuredFor(signers.sudo),
    builder: configuredFor(signers.builder),
    host: configuredFor(signers.host),
  };
  return new FileKeyring({ directory, configured, random: systemRandom });
}

export function caSigner(): CaSigner {
  return fileSigner(newKey());
}
