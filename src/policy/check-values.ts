/** Values that a schema can not judge: lifetimes, times, networks, certificates of makers. */
import { X509Certificate } from 'node:crypto';
import { formatDuration, parseDuration } from '../ssh/duration.ts';
import { parseCidr } from './cidr.ts';
import type { Fault } from './fault.ts';
import type { LifetimeBounds } from './roster.ts';
import { LOGIN_LIFETIME, SUDO_LIFETIME } from './roster.ts';
import { parseTime } from './time.ts';
import type { Item } from './tree.ts';
import { fieldOf, sectionOf, textsIn } from './tree.ts';
import type { YamlFile } from './yaml.ts';

export function checkValues(file: YamlFile): readonly Fault[] {
  const roles = sectionOf(file.value, 'roles');
  return [
    ...sectionOf(file.value, 'people').flatMap((person) => checkUntil(file, fieldOf(person, 'until'))),
    ...roles.flatMap((role) => checkLifetimes(file, fieldOf(role, 'login'), 'to sign in', LOGIN_LIFETIME)),
    ...roles.flatMap((role) => checkLifetimes(file, fieldOf(role, 'sudo'), 'for sudo', SUDO_LIFETIME)),
    ...roles.flatMap((role) => checkAddresses(file, fieldOf(role, 'login'))),
    ...roles.flatMap((role) => checkRoots(file, fieldOf(fieldOf(role, 'touch'), 'attestation'))),
  ];
}

function checkUntil({ places }: YamlFile, { path, value }: Item): readonly Fault[] {
  if (typeof value !== 'string' || parseTime(value) !== undefined) return [];
  return [places.faultOfValue('bad-time', path, 'this is no RFC 3339 time like 2027-06-30T00:00:00Z')];
}

function checkLifetimes(
  { places }: YamlFile,
  profile: Item,
  what: string,
  bounds: LifetimeBounds,
): readonly Fault[] {
  const [lifetime, most] = [fieldOf(profile, 'lifetime'), fieldOf(profile, 'max_lifetime')];
  const [seconds, mostSeconds] = [secondsOf(lifetime), secondsOf(most)];
  const faults = [lifetime, most].flatMap((item) => {
    const message = outOfBounds(secondsOf(item), what, bounds);
    return message === undefined ? [] : [places.faultOfValue('bad-lifetime', item.path, message)];
  });
  if (seconds === undefined || mostSeconds === undefined || seconds <= mostSeconds) return faults;
  const message = `the default lifetime is longer than max_lifetime, ${formatDuration(mostSeconds)}`;
  return [...faults, places.faultOfValue('bad-lifetime', lifetime.path, message)];
}

function secondsOf({ value }: Item): number | undefined {
  return typeof value === 'string' ? parseDuration(value) : undefined;
}

function outOfBounds(seconds: number | undefined, what: string, bounds: LifetimeBounds): string | undefined {
  if (seconds === undefined) return undefined;
  if (seconds > bounds.most) return `a certificate ${what} lives at most ${formatDuration(bounds.most)}`;
  return seconds < bounds.least ? `a certificate lives at least ${formatDuration(bounds.least)}` : undefined;
}

function checkAddresses({ places }: YamlFile, login: Item): readonly Fault[] {
  return textsIn(login, 'source_addresses').flatMap(({ path, text }) => {
    const network = parseCidr(text);
    return typeof network === 'string' ? [places.faultOfValue('bad-address', path, network)] : [];
  });
}

function checkRoots({ places }: YamlFile, attestation: Item): readonly Fault[] {
  return textsIn(attestation, 'roots').flatMap(({ path, text }) =>
    readRoot(text) === undefined
      ? [places.faultOfValue('bad-certificate', path, 'this is not one X.509 certificate in PEM')]
      : [],
  );
}

/** @returns the certificate's one PEM form, so that equal certificates are equal texts. */
export function readRoot(text: string): string | undefined {
  if (text.split('-----BEGIN').length !== 2) return undefined;
  try {
    return new X509Certificate(text).toString();
  } catch {
    return undefined;
  }
}
