/**
 * Touch by another program: `usher-authenticator-<name>` on PATH gets one JSON object on stdin and answers with one on
 * stdout (docs/plugins.md). It sees no secret, and what it answers is verified by the authority as every touch is.
 */
import { base64urlnopad } from '@scure/base';
import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { WebauthnOffer } from '../../src/http/contract/enrolments.ts';
import { Assertion } from '../../src/http/contract/fields.ts';
import { UsherCommandError } from '../error.ts';
import type { Surroundings } from '../surroundings.ts';
import { whileWaiting } from '../terminal.ts';
import { pluginProgram } from './programs.ts';
import { runProgram } from './run.ts';
import type { TouchWay } from './way.ts';

const TIME_LIMIT_SECONDS = 120;
const MAX_OUTPUT_BYTES = 65_536;
const NAME = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** What a plugin answers to `create`. */
const Registration = Type.Omit(WebauthnOffer, ['kind', 'label'], { additionalProperties: false });

export function isPluginName(name: string): boolean {
  return NAME.test(name);
}

export function pluginWay(surroundings: Surroundings, name: string): TouchWay {
  const program = pluginProgram(name);
  return {
    name,
    touch: ({ digest, ...question }) =>
      ask(surroundings, program, Assertion, {
        type: 'get',
        challenge: base64urlnopad.encode(digest),
        ...question,
      }),
    register: async ({ nonce, person, userId, ...question }) => {
      const user = { id: userId, name: person, displayName: person };
      const options = { type: 'create', challenge: nonce, user, algorithms: [-7, -8], ...question };
      const registration = await ask(surroundings, program, Registration, options);
      return { kind: 'webauthn', label: name, ...registration };
    },
  };
}

async function ask<S extends TSchema>(
  surroundings: Surroundings,
  program: string,
  schema: S,
  options: object,
): Promise<Type.Static<S>> {
  const stdin = `${JSON.stringify(options)}\n`;
  const limits = { timeLimitSeconds: TIME_LIMIT_SECONDS, maxOutputBytes: MAX_OUTPUT_BYTES };
  const running = runProgram(surroundings, { program, arguments: [], stdin, stderr: 'pass-on', ...limits });
  const { exitCode, stdout } = await whileWaiting(surroundings, `waiting for ${program}`, running);
  if (exitCode !== 0)
    throw new UsherCommandError('touch-failed', `${program} did not answer (${exitCode ?? 'killed'})`);
  const value = parseJson(stdout);
  if (Value.Check(schema, value)) return value;
  throw new UsherCommandError('touch-failed', `${program} answered something else than docs/plugins.md says`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
