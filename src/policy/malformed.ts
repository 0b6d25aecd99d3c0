import { MAX_PRINCIPALS } from '../ssh/certificate-fields.ts';
import { formatDuration } from '../ssh/duration.ts';
import type { PublicKey } from '../ssh/public-key.ts';
import { isReason, MAX_REASON_LENGTH } from '../ssh/reason.ts';
import type { CertificateRequest, Denial, LoginRequest, SudoRequest } from './decision.ts';
import { deny } from './decision.ts';
import { tooLong } from './lifetime.ts';
import { HOST, isHostName, isLogin, isReservedLogin, LOGIN } from './names.ts';
import type { LifetimeBounds } from './roster.ts';
import { LOGIN_LIFETIME, SUDO_LIFETIME } from './roster.ts';

/**
 * What is wrong with a request whoever makes it. This looks at no roster, so the answer may be given at once, before any
 * touch, and tells a stranger nothing.
 */
export function refuseMalformed(request: CertificateRequest): Denial | undefined {
  return request.purpose === 'login' ? refuseLogin(request) : refuseSudo(request);
}

function refuseLogin(request: LoginRequest): Denial | undefined {
  return (
    refuseList('login', request.logins, isAskableLogin, LOGIN.meaning) ??
    refuseHosts(request.hosts) ??
    refuseCount(request.logins.length * request.hosts.length) ??
    refuseLifetime(request.lifetime, LOGIN_LIFETIME)
  );
}

function refuseSudo(request: SudoRequest): Denial | undefined {
  return (
    refuseSubject(request.subject) ??
    refuseList('login', [request.login], isAskableLogin, LOGIN.meaning) ??
    refuseHosts(request.hosts) ??
    refuseCount(1 + request.hosts.length) ??
    refuseLifetime(request.lifetime, SUDO_LIFETIME) ??
    refuseReason(request.reason)
  );
}

/** pam-ussh challenges the agent without flags, which RSA answers with SHA-1; its library may refuse that or not. */
function refuseSubject({ type }: PublicKey): Denial | undefined {
  if (type !== 'ssh-rsa') return undefined;
  return deny(
    'malformed-request',
    'an RSA key would answer sudo with a SHA-1 signature: take an ed25519, ecdsa or security key',
  );
}

function refuseReason(reason: string): Denial | undefined {
  if (isReason(reason)) return undefined;
  return deny(
    'malformed-request',
    `a reason has at most ${MAX_REASON_LENGTH} characters of printable ASCII and no blank at either end`,
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
    `this makes ${principals} principals and a certificate holds ${MAX_PRINCIPALS}: ask for fewer hosts, for a group or for "*"`,
  );
}

function refuseLifetime(lifetime: number | undefined, bounds: LifetimeBounds): Denial | undefined {
  if (lifetime === undefined) return undefined;
  if (!Number.isSafeInteger(lifetime))
    return deny('malformed-request', 'a lifetime is a whole number of seconds');
  if (lifetime < bounds.least)
    return deny(
      'lifetime-too-short',
      `the shortest lifetime is ${formatDuration(bounds.least)}: the touch needs its time, too`,
    );
  return lifetime > bounds.most ? tooLong(bounds.most) : undefined;
}
