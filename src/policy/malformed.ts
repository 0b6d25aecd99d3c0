import { MAX_PRINCIPALS } from '../ssh/certificate-fields.ts';
import { formatDuration } from '../ssh/duration.ts';
import type { CertificateRequest, Denial } from './decision.ts';
import { deny } from './decision.ts';
import { HOST, isHostName, isLogin, isReservedLogin, LOGIN } from './names.ts';
import { LOGIN_LIFETIME } from './roster.ts';

/**
 * What is wrong with a request whoever makes it. This looks at no roster, so the answer may be given at once, before any
 * touch, and tells a stranger nothing.
 */
export function refuseMalformed(request: CertificateRequest): Denial | undefined {
  return (
    refuseList('login', request.logins, isAskableLogin, LOGIN.meaning) ??
    refuseHosts(request.hosts) ??
    refuseCount(request.logins.length * request.hosts.length) ??
    refuseLifetime(request.lifetime)
  );
}

function isAskableLogin(name: string): boolean {
  return isLogin(name) && !isReservedLogin(name);
}

function refuseHosts(hosts: readonly string[]): Denial | undefined {
  if (hosts.length === 1 && hosts[0] === '*') return undefined;
  return refuseList('host', hosts, isHostName, `${HOST.meaning}; "*" stands alone`);
}

function refuseList(
  kind: string,
  names: readonly string[],
  isName: (name: string) => boolean,
  meaning: string,
): Denial | undefined {
  if (names.length === 0) return deny('malformed-request', `no ${kind} is asked for`);
  const bad = names.find((name) => !isName(name));
  if (bad !== undefined)
    return deny('malformed-request', `${JSON.stringify(bad.slice(0, 64))} is not a ${meaning}`);
  if (new Set(names).size !== names.length) return deny('malformed-request', `a ${kind} is asked for twice`);
  return undefined;
}

function refuseCount(principals: number): Denial | undefined {
  if (principals <= MAX_PRINCIPALS) return undefined;
  return deny(
    'too-many-principals',
    `each login at each host makes ${principals} principals; a certificate holds ${MAX_PRINCIPALS}: ask for a group or for "*"`,
  );
}

function refuseLifetime(lifetime: number | undefined): Denial | undefined {
  if (lifetime === undefined) return undefined;
  if (!Number.isSafeInteger(lifetime))
    return deny('malformed-request', 'a lifetime is a whole number of seconds');
  if (lifetime < LOGIN_LIFETIME.least)
    return deny(
      'lifetime-too-short',
      `the shortest lifetime is ${formatDuration(LOGIN_LIFETIME.least)}: the touch needs its time, too`,
    );
  return lifetime > LOGIN_LIFETIME.most ? tooLong(LOGIN_LIFETIME.most) : undefined;
}

export function tooLong(most: number): Denial {
  return deny('lifetime-too-long', `the longest lifetime for this is ${formatDuration(most)}`);
}
