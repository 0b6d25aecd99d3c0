/** What pam-ussh would find when it runs: everything that a judgement depends on. */

/** What reading a file gave; the message is the system's, as Go words it (`open /x: no such file or directory`). */
export type FileFact =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'error'; readonly message: string }
  /** Can be opened, and not be read. */
  | { readonly kind: 'directory' };

/** What became of 32 random bytes that an identity was asked to sign, with flags 0, as pam-ussh asks. */
export type SigningFact =
  | { readonly kind: 'signature'; readonly challenge: Uint8Array; readonly signature: Uint8Array }
  /** The agent answered with a failure. */
  | { readonly kind: 'refused' }
  /** The connection ended, or the answer could not be understood; the words are x/crypto's. */
  | { readonly kind: 'broken'; readonly message: string }
  /** It answered with a message that is none of those for this question: x/crypto before September 2025 panics. */
  | { readonly kind: 'wrong-message' }
  /** No answer within the time that the caller grants; pam-ussh would wait for ever. */
  | { readonly kind: 'silent' };

export interface IdentityFact {
  /** As the agent lists it. */
  readonly blob: Uint8Array;
  readonly comment: string;
  /** Undefined when it was not tried: then it is taken to sign well, a security key with a touch. */
  readonly signing?: SigningFact | undefined;
}

export type AgentFact =
  | { readonly kind: 'identities'; readonly identities: readonly IdentityFact[] }
  /** SSH_AUTH_SOCK is not set, or empty. */
  | { readonly kind: 'no-socket' }
  /** Nobody can be reached at SSH_AUTH_SOCK. */
  | { readonly kind: 'unreachable'; readonly path: string }
  /** It answered, but not with a list; the words are x/crypto's. */
  | { readonly kind: 'no-list'; readonly message: string }
  /** It answered with a message that is none of those for this question: x/crypto before September 2025 panics. */
  | { readonly kind: 'wrong-message' }
  | { readonly kind: 'silent' };

/** What the module was built with: x/crypto from 0.52 on refuses security key signatures without a touch. */
export type XcryptoVersion = 'before-0.52' | '0.52';

export interface Facts {
  /** PAM_USER: for sudo the person who calls it. */
  readonly user: string;
  /** The arguments of the line in /etc/pam.d, after the module's name, as PAM splits them. */
  readonly moduleArguments: readonly string[];
  /** Reads a file that the arguments name: `ca_file` as the user, the file of principals as root. */
  readonly readFile: (path: string) => FileFact;
  /** For `group=`: whether sudo runs with that group. Looked at only when the option is there. */
  readonly group?: 'member' | 'outside' | 'unknown-group' | undefined;
  readonly agent: AgentFact;
  /** The clock of the host, Unix time in seconds. */
  readonly now: number;
  readonly xcrypto: XcryptoVersion;
}
