/** Which row of the table explains which line of a log. */
import { describe, expect, it } from 'vitest';
import { explainLog, LOG_LINES } from '../../src/pam-ussh/log-lines.ts';

function ids(text: string): readonly string[] {
  return explainLog(text).map(({ id }) => id);
}

describe('a line', () => {
  it.each([
    ['no valid certs found', ['no-valid-certs']],
    ['Nov 22 03:17:38 web1 pam-ussh[4711]: no valid certs found', ['no-valid-certs']],
    ['certificate signed by unrecognized authority', ['unrecognized-authority']],
    ['skipping bad public key: ssh: no key found', ['bad-public-key']],
    ['error reading ca: open /etc/ssh/ca: permission denied', ['ca-unreadable']],
    ['error reading ca: open /etc/ssh/ca: no such file or directory', ['ca-unreadable']],
    ['open /etc/ssh/principals: no such file or directory', ['principals-missing']],
    ['pam-ussh[1]: open /etc/ssh/principals: no such file or directory', ['principals-missing']],
    ['No certs loaded.', ['no-certs-loaded']],
    ['error opening auth sock (sock owner: 0/root) by (caller: 1000/alice)', ['auth-sock']],
    ['Error listing keys: agent: failed to list keys', ['list-failed']],
    ['error signing data: agent: failed to sign challenge', ['sign-failed']],
    ['signature verification failed: ssh: signature missing required user presence flag', ['no-touch']],
    ['signature verification failed: ssh: signature did not verify', ['verification-failed']],
    ['group set to admins', ['group']],
    ['bad group: admins', ['bad-group']],
    ['unkown option: debug', ['unknown-option']],
    ['ca_file set to /etc/ssh/ca', ['only-ca-file']],
    ['No SSH_AUTH_SOCK', ['no-socket']],
    ['error connecting to /tmp/a: dial unix /tmp/a: connect: no such file or directory', ['auth-sock']],
    ['panic: runtime error: index out of range [0] with length 0', ['panic']],
    ['', ['nothing']],
    ['nothing', ['nothing']],
    ['nothing at all', ['nothing']],
    ['Authentication succeded for alice. Matched principal sudoer, cert 42', ['accepted']],
    ['Authentication succeeded for "alice" (cert "alice", 42)', ['accepted']],
    ['alice : user NOT in sudoers ; PWD=/', ['not-in-sudoers']],
    ['alice is not in the sudoers file.', ['not-in-sudoers']],
    ['something else', []],
  ])('%s', (text, expected) => {
    expect(ids(text)).toEqual(expected);
  });
});

describe('several lines', () => {
  it.each([
    ['certificate signed by unrecognized authority\nno valid certs found', ['unrecognized-authority']],
    ['ca_file set to /ca\nno valid certs found', ['no-valid-certs']],
    ['group set to x\nbad group: x', ['bad-group']],
    [
      'skipping bad public key: ssh: no key found\ncertificate signed by unrecognized authority\nno valid certs found',
      ['unrecognized-authority', 'bad-public-key'],
    ],
    [
      'Authentication succeded for alice. Matched principal a, cert 1\nalice : user NOT in sudoers',
      ['not-in-sudoers'],
    ],
  ])('%j', (text, expected) => {
    expect(ids(text)).toEqual(expected);
  });
});

describe('the table of lines', () => {
  it('explains its own lines, each under a name of its own and with a hint for each cause', () => {
    expect(new Set(LOG_LINES.map(({ id }) => id)).size).toBe(LOG_LINES.length);
    for (const row of LOG_LINES) {
      expect(ids(row.line), row.line).toContain(row.id);
      expect(row.causes.length).toBeGreaterThan(0);
      expect(row.causes.filter(({ cause, hint }) => cause === '' || hint === '')).toEqual([]);
    }
  });

  it('never has a CA added that is not there: it may be the one for signing in', () => {
    const hints = explainLog('certificate signed by unrecognized authority').flatMap(({ causes }) => causes);
    expect(hints[0]?.hint).toContain('usher export ca-file --purpose sudo');
    for (const { hint } of hints) expect(hint).not.toMatch(/\b(?:add|put) the CA/);
  });
});
