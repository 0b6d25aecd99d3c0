/**
 * pam-ussh asks the agent to sign with the first certificate that is good in itself, and gives up when it will not: what stands behind it is never
 * tried. So the order of an agent decides.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentConnection } from '../../../src/agent/connection.ts';
import type { AgentKey } from '../../../src/ssh/agent-messages.ts';
import { generateSigner } from '../../support/keys.ts';
import { haveParts, program } from '../../support/parts.ts';
import { runOrThrow } from '../../support/run.ts';
import type { SshAgent } from '../../support/ssh-agent.ts';
import { haveSudo } from '../../support/sudo.ts';
import type { Carried, Session } from './session.ts';
import { accepted, carry, openSession, refused, SESSION_PARTS, writeKey } from './session.ts';

const CAN_NOT_SIGN = /^error signing data: /;

describe.runIf(haveSudo() && haveParts(SESSION_PARTS))('of two certificates for sudo', () => {
  let session: Session;
  let agent: SshAgent;

  beforeAll(async () => {
    session = await openSession();
    // Nobody is there to say yes.
    agent = await session.place.startAgent({ SSH_ASKPASS: '/bin/false', SSH_ASKPASS_REQUIRE: 'force' });
  });
  afterAll(() => session?.[Symbol.asyncDispose]());

  const sudo = () => session.place.sudo({ agent: agent.socketPath });
  const asksFirst = (key: AgentKey): Carried => ({ ...key, constraints: { confirm: true } });

  it('the good one is of no use behind one that asks and gets no answer', async () => {
    await carry(agent, [asksFirst(session.sudoKey()), session.sudoKey()]);
    refused(await sudo(), CAN_NOT_SIGN);
  });

  it('not even when that one does not name the host', async () => {
    const other = session.sudoKey({ principals: [session.place.user, 'sudoer@web2'] });
    await carry(agent, [asksFirst(other), session.sudoKey()]);
    refused(await sudo(), CAN_NOT_SIGN);
  });

  it('the good one is enough when it comes first', async () => {
    await carry(agent, [session.sudoKey(), asksFirst(session.sudoKey())]);
    accepted(await sudo());
  });

  it.for<[string, (session: Session) => AgentKey]>([
    ['has expired', ({ sudoKey }) => sudoKey({ validAfter: 1n, validBefore: 2n })],
    ['is by another CA', ({ sudoKey }) => sudoKey({}, generateSigner('ssh-ed25519'))],
    ['names somebody else', ({ sudoKey }) => sudoKey({ principals: ['root', 'sudoer@web1'] })],
    ['is for login', ({ loginKey }) => loginKey()],
  ])('one that %s is passed over without a signature', async ([, other]) => {
    await carry(agent, [asksFirst(other(session)), session.sudoKey()]);
    accepted(await sudo());
  });

  it('one whose key the agent forgets after a while signs like any other', async () => {
    await carry(agent, [{ ...session.sudoKey(), constraints: { lifetime: 3600 } }]);
    accepted(await sudo());
  });

  describe('one that is bound to a destination', () => {
    /** First in the agent, by the real ssh-add, since our own code never makes such keys; a good one behind it. */
    async function carryBound(to: SshAgent, ...destinations: readonly string[]): Promise<void> {
      await carry(to, []);
      const file = await writeKey(join(session.place.directory, 'bound'), session.sudoKey());
      const hosts = join(session.place.directory, 'known_hosts');
      await writeFile(hosts, `[127.0.0.1]:${session.server.port},web1,db1 ${session.server.hostKeyLine}\n`);
      const bounds = destinations.flatMap((destination) => ['-h', destination]);
      const env = { SSH_AUTH_SOCK: to.socketPath };
      await runOrThrow(program('ssh-add'), ['-q', '-H', hosts, ...bounds, file], { env });
      const connection = await AgentConnection.connect(to.socketPath);
      await connection.add(session.sudoKey());
      expect(await connection.list()).toHaveLength(3);
      connection.close();
    }

    it('stands in the way in an agent on the same machine', async () => {
      await carryBound(agent, 'web1');
      refused(await sudo(), CAN_NOT_SIGN);
    });

    it('is not even shown over a connection that it is not for', async () => {
      await carryBound(session.agent, 'web1');
      accepted(await session.sudo());
    });

    it('stands in the way where it may be used from the host to another one', async () => {
      await carryBound(session.agent, 'web1', 'web1>db1');
      refused(await session.sudo(), CAN_NOT_SIGN);
    });
  });
});
