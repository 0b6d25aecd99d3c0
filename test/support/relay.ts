/**
 * What stands between a program and an authority, and may do anything but sign: pass on, change, repeat, lose. The authority is configured with the
 * address of this, so that nobody notices.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

export interface RelayedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
}

export interface RelayedReply {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array;
}

/** Gets what the authority says; returns what is said instead, or "lost". */
export type Meddling = (
  request: RelayedRequest,
  reply: RelayedReply,
) => RelayedReply | 'lost' | Promise<RelayedReply | 'lost'>;

export interface Relay extends AsyncDisposable {
  /** What is done to replies; undefined: nothing. */
  meddle: Meddling | undefined;
  /** Whether nobody answers at all. */
  isDown: boolean;
  /** Every request that came, as `METHOD PATH`. */
  readonly requests: string[];
}

export async function startRelay(port: number, target: string): Promise<Relay> {
  const relay: Relay = {
    meddle: undefined,
    isDown: false,
    requests: [],
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
  const server = createServer((request, response) => {
    answer(relay, target, request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return relay;
}

async function answer(
  relay: Relay,
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    body: await buffer(incoming),
  };
  relay.requests.push(`${request.method} ${request.path}`);
  if (relay.isDown) return void incoming.socket.destroy();
  const reply = await passOn(target, request, incoming.headers['content-type']);
  const said = relay.meddle === undefined ? reply : await relay.meddle(request, reply);
  if (said === 'lost') return void incoming.socket.destroy();
  outgoing.writeHead(said.status, { 'content-type': said.type, connection: 'close' });
  outgoing.end(said.body);
}

async function passOn(
  target: string,
  { method, path, body }: RelayedRequest,
  type: string | undefined,
): Promise<RelayedReply> {
  const response = await fetch(target + path, {
    method,
    ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
  });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    body: new Uint8Array(await response.arrayBuffer()),
  };
}
