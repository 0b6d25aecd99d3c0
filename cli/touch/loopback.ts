/**
 * A listener on this machine for the page's proof that it runs here. The page sends its secret by a form (a navigation, so that
 * no other site learns it and no browser asks for leave); the command vouches for it to the authority.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

export interface LoopbackListener {
  readonly port: number;
  /** Of the page, with what it needs to come here. Whoever reads it can be vouched for, so it stands in no list of processes. */
  readonly address: string;
  close(): void;
}

export interface LoopbackOptions {
  /** Of the authority: only its pages are answered. */
  readonly origin: string;
  /** The page's address; the browser goes there afterwards. */
  readonly returnTo: string;
  /** 22 characters that only a page knows which this command opened: other people of this machine reach the port too. */
  readonly token: string;
  /** Vouches for the page; when it throws, the page asks for the code. */
  readonly vouch: (pageSecret: string) => Promise<void>;
}

const MAX_BODY_BYTES = 1024;
const BODY = /^pageSecret=([A-Za-z0-9_-]{43})&token=([A-Za-z0-9_-]{22})\s*$/;

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
        address: `${options.returnTo}.${port}.${options.token}`,
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
  const [, secret, token] = BODY.exec(await readBody(request)) ?? [];
  if (secret === undefined || token === undefined) return refuse(response, 400);
  if (!isSame(token, options.token)) return refuse(response, 403);
  const isVouched = await options.vouch(secret).then(
    () => true,
    () => false,
  );
  goBack(response, isVouched ? options.returnTo : `${options.returnTo}.${request.socket.localPort}.${token}`);
}

/** Hashes have one length, whatever is compared. */
function isSame(left: string, right: string): boolean {
  return timingSafeEqual(sha256(utf8ToBytes(left)), sha256(utf8ToBytes(right)));
}

/** A page that comes back with the port still in its address asks for the code. */
function goBack(response: ServerResponse, location: string): void {
  response.writeHead(303, {
    location,
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
