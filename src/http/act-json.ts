/** Acts and what came of them, in JSON. */
import { purposeOf } from '../authority/purpose.ts';
import type { ActResult } from '../authority/records.ts';
import type { Act } from '../ssh/act.ts';
import { decodeBytes, encodeBytes } from './bytes.ts';
import type { Act as ActJson, ActResult as ActResultJson } from './contract/acts.ts';

export function actOf(json: ActJson): Act {
  return json.kind === 'invite-host' ? { ...json, tokenHash: decodeBytes(json.tokenHash) } : json;
}

export function actJson(act: Act): ActJson {
  switch (act.kind) {
    case 'invite-host':
      return { ...act, tokenHash: encodeBytes(act.tokenHash) };
    case 'stage-ca':
    case 'retire-ca':
    case 'revoke-ca':
      return { ...act, purpose: purposeOf(act.purpose) };
    case 'activate-ca':
      return { ...act, purpose: purposeOf(act.purpose), evenWithout: [...act.evenWithout] };
    case 'revoke':
      return act;
  }
}

export function actResultJson(result: ActResult): ActResultJson {
  switch (result.kind) {
    case 'host-invited':
      return result;
    case 'revoked':
      return { ...result, serials: result.serials.map(String) };
    case 'ca-key':
      return { ...result, affected: [...result.affected] };
  }
}
