/** A CTAP2 authenticator (FIDO CTAP 2.0, section 6) without its transport: message in, message out. */
import type { CborMap, CborValue } from '../../src/fido/cbor.ts';
import { decodeCbor, encodeCbor } from '../../src/fido/cbor.ts';
import { issueCertificate } from './attestation-ca.ts';
import type { CtapRequest } from './soft-authenticator.ts';
import { FLAGS, SoftAuthenticator } from './soft-authenticator.ts';

const AAGUID = new TextEncoder().encode('usher-test-key-1');
const CTAP = { makeCredential: 0x01, getAssertion: 0x02, getInfo: 0x04 } as const;
const CTAP_OK = 0x00;
const CTAP_INVALID_COMMAND = 0x01;
const CTAP_UNSUPPORTED_ALGORITHM = 0x26;
const CTAP_NO_CREDENTIALS = 0x2e;

interface StoredCredential {
  readonly rpId: string;
  readonly user: CborMap;
  readonly isResident: boolean;
  readonly authenticator: SoftAuthenticator;
}

/** What the attestations of this authenticator lead to. */
export const root = issueCertificate({ name: 'Virtual Key Root' });
const leaf = issueCertificate({ name: 'Virtual Key', isAuthority: false, aaguid: AAGUID, issuer: root });
const credentials: StoredCredential[] = [];

export function answerCtap(message: Uint8Array): Uint8Array {
  const [command = 0] = message;
  const body = message.subarray(1);
  if (command === CTAP.getInfo) return success(info());
  if (command === CTAP.makeCredential) return makeCredential(mapOf(decodeCbor(body)));
  if (command === CTAP.getAssertion) return getAssertion(mapOf(decodeCbor(body)));
  return Uint8Array.of(CTAP_INVALID_COMMAND);
}

function info(): CborMap {
  return new Map<number, CborValue>([
    [1, ['FIDO_2_0']],
    [2, ['credProtect']],
    [3, AAGUID],
    [
      4,
      new Map([
        ['rk', true],
        ['up', true],
        ['uv', true],
      ]),
    ],
    [5, 2048],
  ]);
}

function makeCredential(request: CborMap): Uint8Array {
  const algorithm = algorithmOf(request.get(4));
  if (algorithm === undefined) return Uint8Array.of(CTAP_UNSUPPORTED_ALGORITHM);
  const rpId = textOf(mapOf(request.get(2)).get('id'));
  const authenticator = new SoftAuthenticator({
    algorithm,
    aaguid: AAGUID,
    attestation: { leaf, chain: [] },
  });
  const options = optionsOf(request.get(7));
  const isResident = options.get('rk') === true;
  credentials.unshift({ rpId, user: mapOf(request.get(3)), isResident, authenticator });
  const { fmt, authData, attStmt } = authenticator.makeCredential(
    {
      rpId,
      clientDataHash: bytesOf(request.get(1)),
      ...protection(request.get(6), FLAGS.at | userFlags(options)),
    },
    'packed',
  );
  return success(
    new Map<number, CborValue>([
      [1, fmt],
      [2, authData],
      [3, attStmt],
    ]),
  );
}

/** credProtect is answered in the authenticator data, whatever level was asked for. */
function protection(
  extensions: CborValue | undefined,
  flags: number,
): Pick<CtapRequest, 'flags' | 'extensions'> {
  const level = extensions instanceof Map ? extensions.get('credProtect') : undefined;
  if (typeof level !== 'number') return { flags };
  return { flags: flags | FLAGS.ed, extensions: encodeCbor(new Map([['credProtect', level]])) };
}

function getAssertion(request: CborMap): Uint8Array {
  const rpId = textOf(request.get(1));
  const found = findCredential(rpId, request.get(3));
  if (found === undefined) return Uint8Array.of(CTAP_NO_CREDENTIALS);
  const { authData, signature } = found.authenticator.getAssertion({
    rpId,
    clientDataHash: bytesOf(request.get(2)),
    flags: userFlags(optionsOf(request.get(5))),
  });
  const answer = new Map<number, CborValue>([
    [
      1,
      new Map<string, CborValue>([
        ['id', found.authenticator.credentialIdBytes],
        ['type', 'public-key'],
      ]),
    ],
    [2, authData],
    [3, signature],
  ]);
  if (found.isResident) answer.set(4, new Map([['id', bytesOf(found.user.get('id'))]]));
  return success(answer);
}

function findCredential(rpId: string, allowed: CborValue | undefined): StoredCredential | undefined {
  const own = credentials.filter((credential) => credential.rpId === rpId);
  if (!Array.isArray(allowed)) return own.find((credential) => credential.isResident);
  const ids = allowed.map((entry) => hex(bytesOf(mapOf(entry).get('id'))));
  return own.find(({ authenticator }) => ids.includes(hex(authenticator.credentialIdBytes)));
}

function userFlags(options: CborMap): number {
  const present = options.get('up') === false ? 0 : FLAGS.up;
  return present | (options.get('uv') === true ? FLAGS.uv : 0);
}

function algorithmOf(parameters: CborValue | undefined): 'es256' | 'eddsa' | undefined {
  if (!Array.isArray(parameters)) return undefined;
  const algorithms = parameters.map((parameter) => mapOf(parameter).get('alg'));
  return algorithms
    .map((alg) => ({ '-7': 'es256' as const, '-8': 'eddsa' as const })[String(alg)])
    .find(Boolean);
}

function success(answer: CborMap): Uint8Array {
  return Uint8Array.of(CTAP_OK, ...encodeCbor(answer));
}

function mapOf(value: CborValue | undefined): CborMap {
  if (value instanceof Map) return value;
  throw new Error('a map was expected');
}

function optionsOf(value: CborValue | undefined): CborMap {
  return value === undefined ? new Map() : mapOf(value);
}

function bytesOf(value: CborValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new Error('a byte string was expected');
}

function textOf(value: CborValue | undefined): string {
  if (typeof value === 'string') return value;
  throw new Error('a text was expected');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
