/** Security checks, each with how to take it away, and the test file that must then fail. */
export interface Mutant {
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly test: string;
}

type Row = readonly [find: string, replace: string, test: string];

function of(file: string, ...rows: readonly Row[]): readonly Mutant[] {
  return rows.map(([find, replace, test]) => ({ file, find, replace, test: `test/${test}.test.ts` }));
}

export const MUTANTS: readonly Mutant[] = [
  ...of(
    'src/authority/ask.ts',
    ['if (Math.abs(time - now) > SKEW_SECONDS)', 'if (false)', 'authority/ask'],
    ['if (!isSignedBy(subject, POSSESSION_NAMESPACE, message, signature))', 'if (false)', 'authority/ask'],
    ['if (malformed !== undefined) throw', 'if (false) throw', 'authority/ask'],
    ['    assertLoggable(draft, requests.length);\n', '', 'authority/ask'],
  ),
  ...of(
    'src/authority/proof.ts',
    ['return proof.valid &&', 'return', 'authority/call'],
    [' && samePublicKey(proof.key, key)', '', 'authority/ask'],
    [' && proof.securityKey?.userPresent !== false', '', 'authority/ask'],
  ),
  ...of(
    'src/authority/find-request.ts',
    ['request === undefined || !isSpeaker(request, speaker)', 'request === undefined', 'authority/touch'],
    [
      'request.page !== undefined && isSecret(speaker.pageSecret, request.page.secretHash)',
      'request.page !== undefined',
      'authority/page',
    ],
    ['if (authority.clock.now() >= request.expiresAt)', 'if (false)', 'authority/touch'],
    ["if (request.action !== 'issue') throw unknown();", '', 'authority/enroll'],
  ),
  ...of(
    'src/authority/issue.ts',
    ["if (request.state.kind !== 'pending')", 'if (false)', 'authority/touch'],
    ["'pageSecret' in speaker && request.page?.proof === 'none'", 'false', 'authority/page'],
    ['if (!(await tx.raiseCounter(credential.id, counter)))', 'if (false)', 'authority/touch'],
    [
      "if ((await tx.claimKeyRole(credentialKeyIdentity(credential), 'touch')) !== 'touch')",
      'if (false)',
      'authority/key-roles',
    ],
    ['(await refusalOf(authority, tx, request, touch)) ?? ', '', 'authority/race'],
    [' ?? (await refusalOfQuota(authority, tx, request))', '', 'authority/touch'],
    [
      'const refusal = await refusalOf(authority, tx, leased, touch);\n  if (refusal !== undefined)',
      'if (false)',
      'authority/race',
    ],
    ['if (!(await tx.updateRequest({ ...request, state })))', 'if (false)', 'authority/race'],
    ['|| authority.clock.now() < request.state.leaseUntil', '', 'authority/race'],
    [
      'issued + request.certificates.length <= perPersonHourly',
      'issued < perPersonHourly',
      'authority/touch',
    ],
    ['  assertNotDenied(ended);\n', '', 'authority/race'],
    ['  assertNotDenied(leased);\n', '', 'authority/touch'],
  ),
  ...of('src/authority/touch.ts', [
    'if (credential === undefined) throw refused',
    'if (false) throw refused',
    'authority/touch',
  ]),
  ...of(
    'src/authority/credential.ts',
    ['stored.person !== person || ', '', 'authority/touch'],
    [' || stored.removedAt !== undefined', '', 'authority/race'],
    [
      "return stored.source === 'enrolled' || listed !== undefined ? stored : undefined;",
      'return stored;',
      'authority/touch',
    ],
  ),
  ...of(
    'src/authority/cover.ts',
    ['if (credential === undefined)', 'if (false)', 'authority/race'],
    [
      "if (answer.kind === 'denial') return refuse(answer.code, answer.reason);",
      "if (answer.kind === 'denial') return undefined;",
      'authority/touch',
    ],
    [
      '!samePublicKey(fields.authority, authority.signers[drafted.request.purpose].publicKey)',
      'false',
      'authority/invariants',
    ],
    ['policy.userVerification && !touch.userVerified', 'false', 'authority/touch'],
    ["policy.sameMachine && request.page?.proof === 'code'", 'false', 'authority/page'],
    ['credential.attested && ', '', 'authority/touch'],
    [" && attestation.aaguids.includes(credential.aaguid ?? '')", '', 'authority/touch'],
    [
      'if (role === undefined || role === request.purpose) return undefined;',
      'if (role !== undefined) return undefined;',
      'authority/key-roles',
    ],
  ),
  ...of(
    'src/authority/page.ts',
    ["if ((request.page?.proof ?? 'none') !== 'none')", 'if (false)', 'authority/page'],
    ["if (request.page?.proof === 'none')", 'if (false)', 'authority/page'],
    ['if (counted.page.wrongCodes < MAX_WRONG_CODES) return counted;', 'return counted;', 'authority/page'],
    ['wrongCodes: wrongCodes(request),\n    } as const', 'wrongCodes: 0,\n    } as const', 'authority/page'],
    ['await findIssue(tx, id, { pollSecret });', '', 'authority/page'],
    [
      'const isRight = isCode(code, touchCode(issueDigest(authority.origin, request)));',
      'const isRight = true;',
      'authority/page',
    ],
    [
      "if (request.state.kind === 'rejected') throw rejected();\n  if (request.state.kind !== 'pending')",
      'if (false)',
      'authority/page',
    ],
  ),
  ...of('src/authority/sign.ts', [
    '!verifyCertificateSignature(decodeCertificate(certificate))',
    'false',
    'authority/race',
  ]),
  ...of('src/authority/draft.ts', [
    'return serial === 0n ? newSerial(random) : serial;',
    'return serial;',
    'authority/invariants',
  ]),
  ...of(
    'src/authority/release.ts',
    ['  assertKept(authority, request);\n', '', 'authority/race'],
    ["if (request.state.kind === 'rejected')", 'if (false)', 'authority/page'],
  ),
  ...of('src/authority/roster-in-force.ts', [
    'if (hex.encode(roster.digest) !== digest)',
    'if (false)',
    'authority/stored-roster',
  ]),
  ...of(
    'src/authority/key-roles.ts',
    ["(role === undefined || role === 'touch') && ", '', 'authority/key-roles'],
    [' && (owner === undefined || owner === credential.person)', '', 'authority/key-roles'],
    ["if (role !== 'ca')", 'if (false)', 'authority/key-roles'],
    ['  assertOnePurposeEach(authority);\n', '', 'authority/key-roles'],
  ),
  ...of(
    'src/authority/enroll.ts',
    ['if (!(await tx.useInvite(request.inviteId, now)))', 'if (false)', 'authority/enroll'],
    ['if ((await tx.findCredential(credential.id)) !== undefined) throw exists();', '', 'authority/enroll'],
    ["if (request.state.kind !== 'offered')", "if (request.state.kind === 'enrolled')", 'authority/enroll'],
    ['policy.userVerification && !verified.userVerified', 'false', 'authority/enroll'],
    ["if (request.state.kind !== 'enrolled') assertTouchable(authority, request);", '', 'authority/enroll'],
    ['if (person === undefined || access === undefined)', 'if (false)', 'authority/enroll'],
  ),
  ...of(
    'src/authority/invite.ts',
    ['if (invite === undefined)', 'if (false)', 'authority/enroll'],
    ['if (now >= invite.expiresAt)', 'if (false)', 'authority/enroll'],
    ['if (!roster.people.has(person))', 'if (false)', 'authority/enroll'],
  ),
  ...of(
    'src/authority/offer.ts',
    ['isSecurityKey(key) && accepted.includes(key.application)', 'isSecurityKey(key)', 'authority/enroll'],
    [
      'offer.attestation === undefined && policy.attestations.length === 0',
      'offer.attestation === undefined',
      'authority/enroll',
    ],
  ),
  ...of(
    'src/authority/call.ts',
    ["fields.type !== 'user' || ", '', 'authority/call'],
    ['!isLoginKey || ', '', 'authority/call'],
    [' || !verifyCertificateSignature(certificate)', '', 'authority/call'],
    ['BigInt(now) < fields.validAfter || ', '', 'authority/call'],
    [' || BigInt(now) >= fields.validBefore', '', 'authority/call'],
    ['if (Math.abs(time - now) > CALL_SKEW_SECONDS)', 'if (false)', 'authority/call'],
    ["option.name !== 'source-address' || ", '', 'authority/call'],
    [' || !sourceAllows(value, from)', '', 'authority/call'],
    ['if (!isSignedBy(fields.subject,', 'if (false && !isSignedBy(fields.subject,', 'authority/call'],
    [' || !equalBytes(issued.certificate, credentials.certificate)', '', 'authority/call'],
    [
      'if (person === undefined || (person.until !== undefined && now >= person.until))',
      'if (person === undefined)',
      'authority/call',
    ],
    ['if (!(await tx.rememberNonce(credentials.nonce, until, now)))', 'if (false)', 'authority/call'],
  ),
  ...of('src/authority/ready.ts', [
    "if (!valid) throw new Error('the signature is wrong');",
    '',
    'authority/ready',
  ]),
  ...of('src/authority/touch-hints.ts', [
    'return ids.length > 0 ? ids : decoys;',
    'return ids;',
    'authority/strangers',
  ]),
  ...of(
    'src/app.ts',
    ["  http.removeContentTypeParser('text/plain');\n", '', 'http/contract'],
    ['removeAdditional: false', 'removeAdditional: true', 'http/contract'],
    ['coerceTypes: false', 'coerceTypes: true', 'http/contract'],
    ['bodyLimit: MAX_BODY_BYTES,', '', 'http/contract'],
    ['keyGenerator: ({ ip }) => networkOf(ip),', '', 'http/limits'],
    [
      'trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,',
      'trustProxy: true,',
      'http/limits',
    ],
  ),
  ...of(
    'src/fido/verify-touch.ts',
    ['if (assertion.credentialId !== credential.id)', 'if (false)', 'fido/verify-touch'],
    ['if (!flags.userPresent)', 'if (false)', 'fido/verify-touch'],
    [
      'if (!equalBytes(data.rpIdHash, sha256(new TextEncoder().encode(rpId))))',
      'if (false)',
      'fido/verify-touch',
    ],
    ['if (counter <= known)', 'if (false)', 'fido/verify-touch'],
    ['if (flags.hasCredential)', 'if (false)', 'fido/verify-touch'],
    ['if (!verified) throw', 'if (false) throw', 'fido/verify-touch'],
  ),
  ...of(
    'src/fido/client-data.ts',
    ['if (clientData.type !== type)', 'if (false)', 'fido/verify-touch'],
    ['if (clientData.origin !== origin)', 'if (false)', 'fido/verify-touch'],
    ['if (!equalBytes(clientData.challenge, challenge))', 'if (false)', 'fido/verify-touch'],
    ['if (clientData.crossOrigin)', 'if (false)', 'fido/verify-touch'],
  ),
  ...of(
    'src/ssh/issuable.ts',
    ['if (fields.serial < 1n || fields.serial > MAX_SERIAL)', 'if (false)', 'ssh/issuable'],
    ['if (principals.length === 0)', 'if (false)', 'ssh/issuable'],
    ['if (!PRINCIPAL.test(principal))', 'if (false)', 'ssh/issuable'],
    ['if (before - after > MAX_VALIDITY_SECONDS)', 'if (false)', 'ssh/issuable'],
    ['if (previous !== undefined && previous >= name)', 'if (false)', 'ssh/issuable'],
    ['if (!known.has(name))', 'if (false)', 'ssh/issuable'],
    ['if (!KEY_ID.test(fields.keyId))', 'if (false)', 'ssh/issuable'],
  ),
  ...of(
    'src/ssh/certificate.ts',
    ['if (reader.string().length > 0) throw', 'if (reader.string().length > 1e9) throw', 'ssh/hostile'],
    ["  reader.end('the certificate');\n", '', 'ssh/hostile'],
  ),
  ...of(
    'src/policy/decide.ts',
    ['if (hasEnded(person, now)) return deny(', 'if (false) return deny(', 'policy/decide'],
    ['if (foreign !== undefined) return', 'if (false) return', 'policy/decide'],
    ['if (lifetime > mandates.maxLifetime) return', 'if (false) return', 'policy/decide'],
    ['if (!covers(decision.terms, drafted.terms))', 'if (false)', 'policy/decide'],
    [
      'if (!roster.keyOwners.has(keyIdentity(request.subject))) return undefined;',
      'return undefined;',
      'policy/decide',
    ],
  ),
  ...of(
    'src/log/latest.ts',
    ['    verifyConsistency(seen, offered, consistencyProof);\n', '', 'log/latest'],
    ['if (seen.origin !== offered.origin)', 'if (false)', 'log/latest'],
  ),
  ...of('src/store/leaf-basket.ts', [
    'if (this.#withoutLeaf.size > 0) throw',
    'if (false) throw',
    'store/sqlite',
  ]),
  ...of('src/store/request-queries.ts', [
    "        .where('id', '=', param('id'))\n        .where('version', '=', param('version')),\n    ),\n    findPlace",
    "        .where('id', '=', param('id')),\n    ),\n    findPlace",
    'authority/race',
  ]),
  ...of(
    'cli/draft-check.ts',
    ['if (!samePublicKey(fields.subject, asked.key)) throw', 'if (false) throw', 'cli/lying-authority'],
    ['if (fields.keyId !== keyId) throw', 'if (false) throw', 'cli/lying-authority'],
    ['if (!isActiveCaKey(bundle, asked.purpose, fields.authority))', 'if (false)', 'cli/lying-authority'],
    ['if (added.length > 0) throw', 'if (false) throw', 'cli/lying-authority'],
    ["if (name !== 'source-address') throw", 'if (false) throw', 'cli/lying-authority'],
    [
      'if (before > now + (asked.lifetime ?? MAX_LOGIN_SECONDS) + CLOCK_SLACK_SECONDS)',
      'if (false)',
      'cli/lying-authority',
    ],
    ['if (reply.origin !== asked.origin)', 'if (false)', 'cli/lying-authority'],
  ),
  ...of(
    'cli/issued-check.ts',
    ['if (!equalBytes(certificate.draft, draft.bytes))', 'if (false)', 'cli/lying-authority'],
    ['    checkInclusion(one, tree);\n', '', 'cli/lying-authority'],
    ['  if (!same)\n', '  if (false)\n', 'cli/lying-authority'],
    [
      '    acceptCheckpoint({ seen: seen?.size === 0 ? undefined : seen, offered, consistencyProof });\n',
      '',
      'cli/lying-authority',
    ],
  ),
];
