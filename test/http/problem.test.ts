import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AuthorityError } from '../../src/authority/error.ts';
import { problemOf } from '../../src/http/problem.ts';
import { DENIAL_CODES } from '../../src/policy/decision.ts';
import { SshError } from '../../src/ssh/error.ts';
import { readSources } from '../support/sources.ts';
import { openHttp } from './service.ts';

/** Every code that stands in a `new AuthorityError('…'` of the sources, and those that policy gives. */
function thrownCodes(): readonly AuthorityError['code'][] {
  const paths = readSources(['src']).map(({ path }) => path);
  const codes = new Set<string>(DENIAL_CODES);
  for (const path of paths) for (const code of codesIn(path)) codes.add(code);
  // A cast: the compiler has checked each where it is thrown.
  return [...codes] as AuthorityError['code'][];
}

function codesIn(path: string): readonly string[] {
  const text = readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
  return [...text.matchAll(/new AuthorityError\(\s*'([a-z-]+)'/g)].flatMap(([, code]) => code ?? []);
}

describe('a problem document', () => {
  it.for(thrownCodes())('%s has a status of its own and keeps the message', (code) => {
    const problem = problemOf(new AuthorityError(code, 'what to do'));
    expect(problem).toEqual({
      type: `urn:usher:problem:${code}`,
      title: 'The authority refuses this',
      status: expect.any(Number),
      code,
      detail: 'what to do',
    });
    expect([400, 401, 403, 404, 409, 410, 429, 503]).toContain(problem.status);
  });

  it('tells nothing of what went wrong inside', () => {
    for (const error of [new Error('secret path /x'), new TypeError('secret'), 'secret', undefined, null]) {
      const problem = problemOf(error);
      expect(problem).toMatchObject({ status: 500, code: 'internal' });
      expect(JSON.stringify(problem)).not.toContain('secret');
    }
  });

  it('of malformed bytes is one of a bad request', () => {
    expect(problemOf(new SshError('bad-armor', 'not base64'))).toMatchObject({ status: 400 });
  });

  it('is sent as such, with the id under which the log tells more', async () => {
    await using service = await openHttp();
    const { status, headers, json } = await service.get('/nothing/here');
    expect({ status, code: json['code'] }).toEqual({ status: 404, code: 'not-found' });
    expect(headers['content-type']).toContain('application/problem+json');
    expect(service.log).toContain(String(json['requestId']));
  });

  it('comes too when the store fails, and the log has the reason', async () => {
    await using service = await openHttp();
    const body = service.askBody('alice');
    await service.scene.authority.store.close();
    const { status, json, text } = await service.post('/v1/requests', body);
    expect({ status, code: json['code'] }).toEqual({ status: 500, code: 'internal' });
    expect(text).not.toContain('closed');
    expect(service.log).toContain('the store is closed');
  });
});
