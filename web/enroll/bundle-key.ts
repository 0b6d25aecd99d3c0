/** The key that an invite pins, beside the one that the authority says it has. */
import { base64urlnopad } from '@scure/base';
import type { BundleReply } from '../../src/http/contract/bundle.ts';
import { fingerprint, parsePublicKeyLine } from '../../src/ssh/public-key.ts';

/**
 * Whether the authority's bundle names the bundle key of this fingerprint. It tells mistakes apart (an invite of an authority
 * that was set up anew); the command verifies the bundle's signature before it trusts anything in it.
 */
export function namesBundleKey(reply: BundleReply, bundleKeyFingerprint: string): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(base64urlnopad.decode(reply.statement));
    const statement: unknown = JSON.parse(text);
    const line =
      typeof statement === 'object' && statement !== null && 'bundleKey' in statement
        ? statement.bundleKey
        : '';
    return fingerprint(parsePublicKeyLine(String(line)).key) === bundleKeyFingerprint;
  } catch {
    return false;
  }
}
