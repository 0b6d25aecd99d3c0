/** Says before the touch what it does, with everything that it covers. */
import type { Act, TargetKind } from '../../src/ssh/act.ts';

type Row = readonly [name: string, text: string];

const TARGETS: Readonly<Record<TargetKind, string>> = {
  serial: 'the certificate with the serial',
  person: 'every certificate of the person',
  key: 'every certificate of the key',
  machine: 'every certificate of the machine',
  credential: 'every certificate that was touched with the credential',
};

/** What else ends with it, where its name does not say so. */
const ALSO: Readonly<Partial<Record<TargetKind, string>>> = {
  serial: '; if a host shows it, the host is locked too',
};

/** What follows "with your touch". */
export function actInWords({ kind }: Act): string {
  switch (kind) {
    case 'invite-host':
      return 'whoever has the token that is made here can enrol as this host, once';
    case 'revoke':
      return 'this is revoked, for good';
    case 'stage-ca':
      return 'hosts and clients get a further CA key, which signs nothing yet';
    case 'activate-ca':
      return 'this CA key signs from now on, in place of the one before';
    case 'retire-ca':
      return 'this CA key goes';
    case 'revoke-ca':
      return 'nobody trusts this CA key any more, and all that it signed is void';
    default:
      return kind satisfies never;
  }
}

/** Rows of name and text: every parameter, whole. */
export function actRows(act: Act): readonly Row[] {
  switch (act.kind) {
    case 'invite-host':
      return [
        ['host', act.host],
        ['token', `hash ${Buffer.from(act.tokenHash).toString('hex')}`],
      ];
    case 'revoke':
      return [
        ['revoked is', `${TARGETS[act.target.kind]} ${act.target.name}${ALSO[act.target.kind] ?? ''}`],
        ['reason', act.reason],
      ];
    case 'stage-ca':
      return [
        ['purpose', act.purpose],
        ['CA key', act.key === '' ? 'a new one, which the authority makes' : act.key],
      ];
    case 'activate-ca':
      return [...caRows(act), ...evenWithoutRows(act.evenWithout)];
    case 'retire-ca':
      return caRows(act);
    case 'revoke-ca':
      return [...caRows(act), ['reason', act.reason]];
    default:
      return act satisfies never;
  }
}

function caRows({ purpose, key }: { readonly purpose: string; readonly key: string }): readonly Row[] {
  return [
    ['purpose', purpose],
    ['CA key', key],
  ];
}

/** What these hosts will refuse is the price of it. */
function evenWithoutRows(hosts: readonly string[]): readonly Row[] {
  return hosts.length === 0 ? [] : [['even without', `${hosts.join(', ')}: they lack the key`]];
}
