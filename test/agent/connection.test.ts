/** Our client with agents that misbehave: programs of the test on a socket, because the real one can not be made to. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentConnection } from '../../src/agent/connection.ts';
import { AgentFrames, frame } from '../../src/agent/frames.ts';
import { MAX_AGENT_MESSAGE_BYTES } from '../../src/ssh/agent-messages.ts';
import { WireWriter } from '../../src/ssh/wire.ts';

const EMPTY_LIST = new WireWriter().byte(12).uint32(0).bytes();

describe('a connection to an agent', () => {
  let directory: string;
  let path: string;
  let server: Server;
  const sockets = new Set<Socket>();

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-test-hostile-agent-'));
    path = join(directory, 'agent');
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** An agent that does this with each request that it gets. */
  async function listen(answer: (socket: Socket, request: Uint8Array) => void): Promise<void> {
    server = createServer((socket) => {
      sockets.add(socket);
      const frames = new AgentFrames();
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        for (const request of frames.push(chunk)) answer(socket, request);
      });
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(path, resolve);
    await promise;
  }

  it('is refused where nobody listens', async () => {
    await expect(AgentConnection.connect(path)).rejects.toMatchObject({
      name: 'AgentError',
      code: 'unreachable',
    });
  });

  it('ends when the agent does not answer in time, and stays ended: a late answer belongs to nothing', async () => {
    await listen(() => undefined);
    const connection = await AgentConnection.connect(path, { answer: 20 });
    await expect(connection.list()).rejects.toMatchObject({ code: 'timeout' });
    await expect(connection.list()).rejects.toMatchObject({ code: 'timeout' });
  });

  it('waits longer for signatures, which need a person', async () => {
    await listen((socket, [type]) => {
      const signature = new WireWriter().byte(14).string('signed').bytes();
      if (type === 13) setTimeout(() => socket.write(frame(signature)), 60);
    });
    const connection = await AgentConnection.connect(path, { answer: 20, signature: 10_000 });
    expect(await connection.sign(new Uint8Array(), new Uint8Array())).toEqual(
      new TextEncoder().encode('signed'),
    );
    connection.close();
  });

  it('ends when the agent closes it, with every request that waits', async () => {
    await listen((socket) => socket.destroy());
    const connection = await AgentConnection.connect(path);
    const requests = [connection.list(), connection.list(), connection.remove(new Uint8Array())];
    const results = await Promise.allSettled(requests);
    expect(results.map((result) => result.status === 'rejected' && result.reason.code)).toEqual([
      'closed',
      'closed',
      'closed',
    ]);
  });

  it('ends with every request that waits when we close it', async () => {
    await listen(() => undefined);
    const connection = await AgentConnection.connect(path);
    const waiting = connection.list();
    connection.close();
    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
    await expect(connection.list()).rejects.toMatchObject({ code: 'closed' });
  });

  it.each<[string, Uint8Array]>([
    ['announces 4 GiB', Uint8Array.of(255, 255, 255, 255)],
    ['announces one byte more than allowed', new WireWriter().uint32(MAX_AGENT_MESSAGE_BYTES + 1).bytes()],
    ['announces nothing', Uint8Array.of(0, 0, 0, 0)],
    ['is of another type', frame(Uint8Array.of(99))],
    ['has bytes behind its end', frame(Uint8Array.of(...EMPTY_LIST, 0))],
    ['is cut inside', frame(EMPTY_LIST.subarray(0, 3))],
  ])('ends when an answer %s', async (_, bytes) => {
    const answers = [bytes, frame(EMPTY_LIST)];
    await listen((socket) => socket.write(answers.shift() ?? new Uint8Array()));
    const connection = await AgentConnection.connect(path);
    await expect(connection.list()).rejects.toMatchObject({ name: 'AgentError', code: 'malformed' });
    await expect(connection.list()).rejects.toMatchObject({ code: 'malformed' });
  });

  it('ends when the agent answers twice', async () => {
    await listen((socket) => socket.write(Buffer.concat([frame(EMPTY_LIST), frame(EMPTY_LIST)])));
    const connection = await AgentConnection.connect(path);
    expect(await connection.list()).toEqual([]);
    await expect(connection.list()).rejects.toMatchObject({ code: 'malformed' });
  });

  it('goes on when the agent refuses', async () => {
    await listen((socket, [type]) => socket.write(frame(type === 11 ? EMPTY_LIST : Uint8Array.of(5))));
    const connection = await AgentConnection.connect(path);
    await expect(connection.remove(new Uint8Array())).rejects.toMatchObject({ code: 'refused' });
    expect(await connection.list()).toEqual([]);
    connection.close();
  });

  it('takes an answer in any pieces, also the longest', async () => {
    const long = new WireWriter()
      .byte(14)
      .string(new Uint8Array(MAX_AGENT_MESSAGE_BYTES - 5).fill(7))
      .bytes();
    await listen((socket) => {
      const bytes = frame(long);
      for (const [from, to] of [
        [0, 1],
        [1, 3],
        [3, 5],
        [5, 6],
        [6, 1000],
        [1000, bytes.length],
      ])
        socket.write(bytes.subarray(from, to));
    });
    const connection = await AgentConnection.connect(path);
    expect(await connection.sign(new Uint8Array(), new Uint8Array())).toHaveLength(
      MAX_AGENT_MESSAGE_BYTES - 5,
    );
    connection.close();
  });
});

describe('frames', () => {
  it('come out as they went in, however they were cut', () => {
    const messages = [Uint8Array.of(1), Uint8Array.of(2, 3), EMPTY_LIST];
    const stream = Buffer.concat(messages.map(frame));
    for (let cut = 0; cut <= stream.length; cut++) {
      const frames = new AgentFrames();
      const out = [...frames.push(stream.subarray(0, cut)), ...frames.push(stream.subarray(cut))];
      expect(out).toEqual(messages);
    }
  });
});
