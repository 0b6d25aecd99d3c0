/** The CA keys of the authority: for whoever replaces them, and for clients that meet hosts. */
import type { Authority } from '../../authority/authority.ts';
import type { ListedCaKey, ListedHost } from '../../authority/ca-key-list.ts';
import { listCaKeys } from '../../authority/ca-key-list.ts';
import { signKnownHosts } from '../../authority/known-hosts.ts';
import type { HostReport } from '../../authority/records.ts';
import { decodePublicKey, formatPublicKeyLine } from '../../ssh/public-key.ts';
import { encodeBytes } from '../bytes.ts';
import { callerOf } from '../caller.ts';
import { CaKeysReply } from '../contract/ca-keys.ts';
import { KnownHostsReply } from '../contract/known-hosts.ts';
import { Problem } from '../contract/problem.ts';
import type { Http } from '../types.ts';

export function caKeyRoutes(http: Http, authority: Authority): void {
  http.get(
    '/v1/ca-keys',
    { schema: { response: { 200: CaKeysReply, default: Problem } } },
    async (request) => {
      const { keys, hosts } = await listCaKeys(authority, await callerOf(authority, request));
      return { keys: keys.map(keyJson), hosts: hosts.map(hostJson) };
    },
  );

  http.get(
    '/v1/known-hosts',
    { schema: { response: { 200: KnownHostsReply, default: Problem } } },
    async (request) => {
      await callerOf(authority, request);
      const { statement, signature } = await signKnownHosts(authority);
      return { statement: encodeBytes(statement), signature: encodeBytes(signature) };
    },
  );
}

function keyJson({ publicKey, ...others }: ListedCaKey): CaKeysReply['keys'][number] {
  return { ...others, key: formatPublicKeyLine(decodePublicKey(publicKey)) };
}

function hostJson({
  name,
  enrolledAt,
  renewedAt,
  lockedAt,
  report,
}: ListedHost): CaKeysReply['hosts'][number] {
  return {
    host: name,
    enrolledAt,
    renewedAt,
    ...(lockedAt === undefined ? {} : { lockedAt }),
    ...(report === undefined ? {} : { report: reportJson(report) }),
  };
}

function reportJson({ host: _host, trusts, shows, problems, ...others }: HostReport) {
  return { ...others, trusts: [...trusts], shows: shows.map(String), problems: [...problems] };
}
