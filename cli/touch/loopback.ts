/**
 * A listener on this machine for the page's proof that it runs here. The page sends its secret by a form (a navigation, so that
 * no other site learns it and no browser asks for leave); the command vouches for it to the authority.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LoopbackListener {
  readonly port: number;
  close(): void;
}

export interface LoopbackOptions {
  /** Of the authority: only its pages are answered. */
  readonly origin: string;
  /** Where the browser goes afterwards. */
  readonly returnTo: string;
  /** Vouches for the page; what it throws is the listener's refusal. */
  readonly vouch: (pageSecret: string) => Promise<void>;
}

const MAX_BODY_BYTES = 1024;
const BODY = /^pageSecret=([A-Za-z0-9_-]{43})\s*$/;

export function listenOnLoopback(options: LoopbackOptions): Promise<LoopbackListener> {
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8192 },
    (request, response) => {
      answer(request, response, options).catch(() => refuse(response, 500));
    },
  );
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      // A TCP server that listens has an address of this form; only a pipe has a text.
      const { port } = server.address() as AddressInfo;
      resolve({
        port,
        close: () => {
          server.close();
          server.closeAllConnections();
        },
      });
    });
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: LoopbackOptions,
): Promise<void> {
  if (request.method !== 'POST' || request.url !== '/' || !isFromPage(request, options.origin))
    return refuse(response, 404);
  const secret = BODY.exec(await readBody(request))?.[1];
  if (secret === undefined) return refuse(response, 400);
  try {
    await options.vouch(secret);
  } catch {
    return refuse(response, 403);
  }
  response.writeHead(303, {
    location: options.returnTo,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  });
  response.end();
}

/**
 * The host must be this address: a name that was made to resolve here (DNS rebinding) is refused. Browsers send `null` as
 * origin of a form on a page that wants no referrer.
 */
function isFromPage(request: IncomingMessage, origin: string): boolean {
  const host = request.headers.host ?? '';
  const from = request.headers.origin;
  return /^127\.0\.0\.1:[0-9]+$/.test(host) && (from === origin || from === 'null');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('latin1');
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(
    'This is usher, waiting for its own page. Go back and type the code that your terminal shows.\n',
  );
}
