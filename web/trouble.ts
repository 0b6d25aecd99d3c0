/** What can go wrong at an authenticator, in words that say what to do. */
export type AuthenticatorTrouble =
  | 'cancelled'
  | 'already-registered'
  | 'no-user-verification'
  | 'no-algorithm'
  | 'wrong-site'
  | 'no-credential'
  | 'failed';

export interface Advice {
  readonly title: string;
  readonly advice: string;
}

export const TROUBLE: Readonly<Record<AuthenticatorTrouble, Advice>> = {
  cancelled: {
    title: 'Nothing was touched',
    advice:
      'The prompt was cancelled, ran out of time, or your key is not enrolled here. Nothing was sent; you can try again.',
  },
  'already-registered': {
    title: 'This key is enrolled already',
    advice: 'You can use it as it is. To enrol another one, take a different key and try again.',
  },
  'no-user-verification': {
    title: 'This key can not verify you',
    advice:
      'Your role asks for a key with a PIN or a fingerprint. Set a PIN on this key, or take another one.',
  },
  'no-algorithm': {
    title: 'This key is of an unsupported kind',
    advice: 'Usher accepts keys that sign with ES256 or EdDSA. Take another one.',
  },
  'wrong-site': {
    title: 'The browser refused this site',
    advice:
      'The authority names an identity (RP id) that does not belong to this address. Tell whoever runs it.',
  },
  'no-credential': {
    title: 'No key for a browser',
    advice: 'Only SSH security keys can answer this request. Answer in the terminal, with `--with ssh-key`.',
  },
  failed: {
    title: 'The key did not answer',
    advice: 'Take it out, plug it in again, and try once more.',
  },
};
