/** Touch by a security key in the terminal, through Debian's fido2-tools. */

import { hostname } from 'node:os';
import { base64urlnopad } from '@scure/base';
import type { AssertionJson } from '../../src/fido/assertion.ts';
import { buildClientData } from '../../src/fido/client-data.ts';
import { assertInput, credInput, parseAssertOutput, parseCredOutput } from '../../src/fido/fido2-tools.ts';
import type { WebauthnOffer } from '../../src/http/contract/enrolments.ts';
import { printable } from '../../src/ssh/printable.ts';
import { decodeBytes } from '../decode.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { whileWaiting } from '../terminal.ts';
import type { ProgramResult } from './run.ts';
import { runProgram } from './run.ts';
import type { RegisterQuestion, TouchQuestion, TouchWay } from './way.ts';

const TIME_LIMIT_SECONDS = 120;
const MAX_OUTPUT_BYTES = 65_536;
/** The device to use when there are several, or one that fido2-token does not list. */
const DEVICE_VARIABLE = 'USHER_FIDO_DEVICE';

export function securityKeyWay(surroundings: Surroundings, device: string | undefined): TouchWay {
  return {
    name: 'security-key',
    touch: ({ digest, origin, ...question }) =>
      assertOver(surroundings, device, {
        ...question,
        data: buildClientData('webauthn.get', digest, origin),
      }),
    register: async (question) => {
      const path = await findDevice(surroundings, device);
      return makeCredential(surroundings, path, question);
    },
  };
}

interface AssertQuestion extends Pick<TouchQuestion, 'rpId' | 'credentialIds' | 'userVerification'> {
  /** Whose SHA-256 is the client data hash. */
  readonly data: Uint8Array;
}

/** Which of the person's credentials this key holds is not known: each is tried, a touch is asked for by one only. */
export async function assertOver(
  surroundings: Surroundings,
  given: string | undefined,
  question: AssertQuestion,
): Promise<AssertionJson> {
  const device = await findDevice(surroundings, given);
  const clientDataJSON = question.data;
  const options = await verificationOptions(surroundings, device, question.userVerification);
  let last = 'it knows none of your credentials';
  for (const credentialId of question.credentialIds) {
    const stdin = assertInput(clientDataJSON, question.rpId, credentialId);
    const result = await runTool(surroundings, 'fido2-assert', ['-G', ...options, device], stdin);
    if (result.exitCode === 0)
      return parseAssertOutput(result.stdout, { clientDataJSON, rpId: question.rpId, credentialId });
    last = lastLine(result.stderr) ?? last;
    if (!last.includes('FIDO_ERR_NO_CREDENTIALS')) break;
  }
  throw new UsherCommandError('touch-failed', `the security key did not answer: ${last}`, {
    hint: 'is it the key that you enrolled? "usher login --with browser" uses a passkey in the browser',
  });
}

async function makeCredential(
  surroundings: Surroundings,
  device: string,
  question: RegisterQuestion,
): Promise<WebauthnOffer> {
  const clientDataJSON = buildClientData('webauthn.create', decodeBytes(question.nonce), question.origin);
  const stdin = credInput(clientDataJSON, question.rpId, question.person, decodeBytes(question.userId));
  const verify = question.userVerification === 'required' ? ['-v'] : [];
  const result = await runTool(surroundings, 'fido2-cred', ['-M', ...verify, device, 'es256'], stdin);
  if (result.exitCode !== 0)
    throw new UsherCommandError(
      'touch-failed',
      `the security key made no credential: ${lastLine(result.stderr) ?? 'no reason given'}`,
    );
  const { credentialId, attestationObject } = parseCredOutput(result.stdout, {
    clientDataJSON,
    rpId: question.rpId,
    algorithm: 'es256',
  });
  const label = `security key, enrolled on ${hostname()}`.slice(0, 64);
  const clientData = base64urlnopad.encode(clientDataJSON);
  return { kind: 'webauthn', label, credentialId, clientDataJSON: clientData, attestationObject };
}

/** A key with a fingerprint reader verifies by itself; another one by its PIN, which fido2-assert asks for. */
async function verificationOptions(
  surroundings: Surroundings,
  device: string,
  userVerification: TouchQuestion['userVerification'],
): Promise<readonly string[]> {
  if (userVerification !== 'required') return [];
  const { stdout } = await runTool(surroundings, 'fido2-token', ['-I', device], '');
  const options = /^options: (.*)$/m.exec(stdout)?.[1]?.split(', ') ?? [];
  return options.includes('clientPin') && !options.includes('uv') ? ['-t', 'pin=true'] : ['-t', 'uv=true'];
}

async function findDevice(surroundings: Surroundings, device: string | undefined): Promise<string> {
  const given = device ?? surroundings.env[DEVICE_VARIABLE];
  if (given !== undefined && given !== '') return given;
  const { stdout } = await runTool(surroundings, 'fido2-token', ['-L'], '');
  const devices = stdout.split('\n').filter((line) => line.trim() !== '');
  const [first, second] = devices.map((line) => line.slice(0, line.indexOf(':')));
  if (first === undefined)
    throw new UsherCommandError('touch-failed', 'no security key is plugged in', {
      hint: 'plug one in, or touch in the browser: --with browser',
    });
  if (second !== undefined)
    throw new UsherCommandError(
      'touch-failed',
      `several security keys are plugged in: ${devices.join('; ')}`,
      {
        hint: `choose one: --device ${first}`,
      },
    );
  return first;
}

async function runTool(
  surroundings: Surroundings,
  program: string,
  args: readonly string[],
  stdin: string,
): Promise<ProgramResult> {
  const limits = { timeLimitSeconds: TIME_LIMIT_SECONDS, maxOutputBytes: MAX_OUTPUT_BYTES };
  const running = runProgram(surroundings, { program, arguments: args, stdin, stderr: 'keep', ...limits });
  return whileWaiting(surroundings, 'touch your security key', running);
}

function lastLine(text: string): string | undefined {
  const line = text.trim().split('\n').at(-1);
  return line === undefined || line === '' ? undefined : printable(line, 200);
}
