/** Bounds below HTTP: what one socket may send, how slowly, and how many there may be. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpScene } from './service.ts';
import { openHttp } from './service.ts';

describe('a connection', () => {
  let service: HttpScene;
  let port: number;
  let sockets: Socket[];

  beforeEach(async () => {
    sockets = [];
    service = await openHttp();
    const address = await service.http.listen({ host: '127.0.0.1', port: 0 });
    port = Number(new URL(address).port);
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await service[Symbol.asyncDispose]();
  });

  async function open(): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  async function answerTo(request: string): Promise<string> {
    const socket = await open();
    socket.write(request);
    return text(socket);
  }

  const asking = (headers: string) =>
    `GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers}\r\n`;

  it('may send headers of 16 KiB and no more', async () => {
    expect(await answerTo(asking(`a: ${'x'.repeat(15_000)}\r\n`))).toMatch(/^HTTP\/1\.1 200 /);
    expect(await answerTo(asking(`a: ${'x'.repeat(17_000)}\r\n`))).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('that does not end its headers in time is closed', async () => {
    const { server } = service.http;
    expect({ headers: server.headersTimeout, request: server.requestTimeout }).toEqual({
      headers: 10_000,
      request: 15_000,
    });
    // The same clockwork with less to wait for.
    server.headersTimeout = 50;
    expect(await answerTo('GET /healthz HTTP/1.1\r\nhost: x\r\n')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('beyond their number is closed, and the others are answered', async () => {
    const { server } = service.http;
    expect(server.maxConnections).toBe(2000);
    server.maxConnections = 1;
    const first = await open();
    const second = await open();
    expect(await text(second)).toBe('');
    first.write(asking(''));
    expect(await text(first)).toMatch(/^HTTP\/1\.1 200 /);
  });
});
