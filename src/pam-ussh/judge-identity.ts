/** What pam-ussh makes of one identity of an agent, if it gets that far. */
import { printable } from '../ssh/printable.ts';
import type { CertificateContext } from './certificate-rules.ts';
import {
  matchedPrincipal,
  refusalOfCa,
  refusalOfPrincipals,
  refusalsOfCheckCert,
} from './certificate-rules.ts';
import { warningsOf } from './certificate-warnings.ts';
import type { IdentityFact, SigningFact } from './facts.ts';
import type { Finding } from './finding.ts';
import type { GoCertificate, Unreadable } from './go-certificate.ts';
import { parseGoIdentity } from './go-certificate.ts';
import { faultOfSigning } from './signing.ts';
import type { IdentityVerdict, Outcome } from './verdict.ts';

export interface JudgedIdentity {
  readonly verdict: Omit<IdentityVerdict, 'step'>;
  /** How pam-ussh ends here; undefined when it goes on with the next one. */
  readonly ends: Outcome | undefined;
  readonly log: readonly string[];
  readonly stderr: readonly string[];
}

/** What an identity without a word leads to. */
const GOES_ON = { ends: undefined, log: [], stderr: [] } as const;

export function judgeIdentity(
  identity: IdentityFact,
  index: number,
  context: CertificateContext,
): JudgedIdentity {
  const parsed = parseGoIdentity(identity.blob);
  const verdict = { ...NOTHING, index, comment: identity.comment };
  if (parsed.kind === 'key') return { ...GOES_ON, verdict };
  if (parsed.kind === 'unreadable')
    return { ...GOES_ON, verdict: { ...verdict, refusals: faultsOf(parsed) } };
  const judged = judgeCertificate(parsed, identity.signing, context);
  return { ...judged, verdict: { ...verdict, certificate: parsed, ...judged.verdict } };
}

const NOTHING = {
  certificate: undefined,
  asksToSign: false,
  refusals: [],
  warnings: [],
  matched: undefined,
} as const;

/** Kinds of keys that x/crypto does not know are nothing to complain of. */
function faultsOf({ fault, isCertificate }: Unreadable): readonly Finding[] {
  if (!isCertificate) return [];
  const sentence = `x/crypto can not read the certificate: ${printable(fault)}`;
  return [
    {
      check: 'cert.parse-strict',
      level: 'error',
      sentence,
      hint: 'issue it with options in byte order, each once',
      remedy: 'new-certificate',
    },
  ];
}

/** In the order of pam-ussh: CheckCert, the CA, the signature of the agent, the principals. */
function judgeCertificate(
  certificate: GoCertificate,
  signing: SigningFact | undefined,
  context: CertificateContext,
) {
  const checkCert = refusalsOfCheckCert(certificate, context);
  const ca = refusalOfCa(certificate, context);
  const asksToSign = checkCert.length === 0 && ca === undefined;
  const fault = asksToSign ? faultOfSigning(certificate, signing, context.xcrypto) : undefined;
  const principals = refusalOfPrincipals(certificate, context);
  const refusals = [...checkCert, ca, fault?.finding, principals].filter((finding) => finding !== undefined);
  const verdict = {
    asksToSign,
    refusals,
    warnings: [...warningsOf(certificate, context), ...(asksToSign && principals ? [NEEDLESS] : [])],
    matched: matchedPrincipal(certificate, context.principals),
  };
  if (checkCert.length > 0) return { ...GOES_ON, verdict };
  if (ca !== undefined) return { ...GOES_ON, verdict, log: ['certificate signed by unrecognized authority'] };
  if (fault !== undefined) return { ...GOES_ON, verdict, ends: fault.ends, log: fault.log };
  if (principals !== undefined) return { ...GOES_ON, verdict, ...(context.principals.size > 0 ? {} : PANIC) };
  return { verdict, ...accepted(certificate, context) };
}

const NEEDLESS: Finding = {
  check: 'agent.order',
  level: 'warning',
  sentence:
    'it is asked for a signature although it lacks the principal: if it can not sign, pam-ussh tries nothing behind it',
  hint: 'keep only the sudo certificate for this host in the agent that is forwarded',
};

const PANIC = {
  ends: 'panic',
  stderr: ['panic: runtime error: index out of range [0] with length 0'],
} as const;

/** The word "succeded" is pam-ussh's. */
function accepted(certificate: GoCertificate, { user, principals }: CertificateContext) {
  const first = certificate.principals[0] ?? '';
  const matched = matchedPrincipal(certificate, principals);
  const line =
    matched === undefined
      ? // Go's %q, which is the same for all but exotic characters.
        `Authentication succeeded for ${JSON.stringify(user)} (cert ${JSON.stringify(first)}, ${certificate.serial})`
      : `Authentication succeded for ${first}. Matched principal ${matched}, cert ${certificate.serial}`;
  return { ends: 'success' as const, log: [line], stderr: [] };
}
