/** Whether the authority would give sudo on a host, by what it said last. Pure. */

import type { Settings } from '../../authority/settings.ts';
import { unique } from '../../issue/ask.ts';
import type { Check } from '../check.ts';
import { warning } from '../check.ts';

/** Nothing is said of groups but their names: which hosts are in one, only the authority knows. */
export function checkGranted(access: Settings['access'], host: string): readonly Check[] {
  if (access === undefined) return [];
  const { sudo } = access;
  const names = unique([...(sudo?.hosts ?? []), ...Object.entries(sudo?.names ?? {}).flat()]);
  if (sudo?.everywhere === true || names.includes('*') || names.includes(host)) return [];
  const [first, ...more] = sudo?.hosts ?? [];
  if (first === undefined) {
    const hint = 'ask the keeper of your fleet for it';
    return [warning('account', 'the authority last said that you may not ask for sudo', hint)];
  }
  const message = `the authority last said that you may sudo on ${[first, ...more].join(', ')}; ${host} is not among them`;
  const group = more.length === 0 ? `${first} is a group` : 'one of them is a group';
  return [warning('account', message, `unless ${group} that it is in, ask the keeper of your fleet for it`)];
}
