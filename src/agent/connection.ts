/** A client of an ssh-agent over its socket: one request at a time, each with a time limit, every reply bounded. */

import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import type { AgentConstraints, AgentIdentity, AgentKey } from '../ssh/agent-messages.ts';
import {
  decodeListReply,
  decodeSignReply,
  encodeAddRequest,
  encodeListRequest,
  encodeRemoveRequest,
  encodeSignRequest,
  expectSuccess,
  RSA_SHA2_512,
} from '../ssh/agent-messages.ts';
import { SshError } from '../ssh/error.ts';
import { AgentError } from './error.ts';
import { AgentFrames, frame } from './frames.ts';

/** In milliseconds. Signing waits for a person: a touch, a PIN, a confirmation. */
export interface AgentTimeLimits {
  readonly answer: number;
  readonly signature: number;
}

const DEFAULT_LIMITS: AgentTimeLimits = { answer: 10_000, signature: 120_000 };

interface Waiting {
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: AgentError) => void;
}

export class AgentConnection {
  readonly #socket: Socket;
  readonly #limits: AgentTimeLimits;
  readonly #frames = new AgentFrames();
  #waiting: Waiting | undefined;
  #failure: AgentError | undefined;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(socket: Socket, limits: AgentTimeLimits) {
    this.#socket = socket;
    this.#limits = limits;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (cause) =>
      this.#fail(new AgentError('closed', 'the connection to the agent broke', { cause })),
    );
    socket.on('close', () => this.#fail(new AgentError('closed', 'the agent closed the connection')));
  }

  /** @throws AgentError `unreachable`, `timeout`. */
  static connect(socketPath: string, limits: Partial<AgentTimeLimits> = {}): Promise<AgentConnection> {
    const all = { ...DEFAULT_LIMITS, ...limits };
    return openSocket(socketPath, all.answer).then((socket) => new AgentConnection(socket, all));
  }

  /** Everything in the agent, whoever put it there. */
  async list(): Promise<readonly AgentIdentity[]> {
    return this.#ask(encodeListRequest(), this.#limits.answer, decodeListReply);
  }

  /** The signature blob over `data` by the key or certificate whose blob is given. The caller verifies it. */
  async sign(blob: Uint8Array, data: Uint8Array, flags: number = RSA_SHA2_512): Promise<Uint8Array> {
    return this.#ask(encodeSignRequest(blob, data, flags), this.#limits.signature, decodeSignReply);
  }

  /** Adds a key, or a key with its certificate. Read the agent back afterwards: some agents drop constraints (CVE-2026-39832). */
  async add(identity: AgentKey, constraints: AgentConstraints = {}): Promise<void> {
    return this.#ask(encodeAddRequest(identity, constraints), this.#limits.answer, expectSuccess);
  }

  async remove(blob: Uint8Array): Promise<void> {
    return this.#ask(encodeRemoveRequest(blob), this.#limits.answer, expectSuccess);
  }

  close(): void {
    this.#fail(new AgentError('closed', 'the connection to the agent was closed'));
  }

  /** Replies carry no number, so a request waits until the one before it is answered. */
  #ask<T>(request: Uint8Array, limit: number, decode: (reply: Uint8Array) => T): Promise<T> {
    const answer = this.#last
      .then(() => this.#exchange(request, limit))
      .then((reply) => this.#decode(reply, decode));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #exchange(request: Uint8Array, limit: number): Promise<Uint8Array> {
    if (this.#failure !== undefined) throw this.#failure;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#waiting = { resolve, reject };
    // A late reply would be taken for the answer to the next request: after a timeout the connection is of no more use.
    const timer = setTimeout(
      () => this.#fail(new AgentError('timeout', 'the agent did not answer in time')),
      limit,
    );
    this.#socket.write(frame(request));
    return promise.finally(() => clearTimeout(timer));
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const reply of this.#frames.push(chunk)) this.#answer(reply);
    } catch (cause) {
      this.#fail(malformed(cause));
    }
  }

  #answer(reply: Uint8Array): void {
    if (this.#waiting === undefined) throw new SshError('bad-agent-reply', 'the agent answered unasked');
    this.#waiting.resolve(reply);
    this.#waiting = undefined;
  }

  #decode<T>(reply: Uint8Array, decode: (reply: Uint8Array) => T): T {
    try {
      return decode(reply);
    } catch (cause) {
      if (cause instanceof SshError && cause.code === 'agent-failure')
        throw new AgentError('refused', cause.message, { cause });
      const error = malformed(cause);
      this.#fail(error);
      throw error;
    }
  }

  /** The first failure is final. */
  #fail(error: AgentError): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}

function malformed(cause: unknown): AgentError {
  return new AgentError('malformed', 'the answer of the agent is malformed', { cause });
}

function openSocket(path: string, limit: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = createConnection(path);
  const fail = (error: AgentError): void => {
    socket.destroy();
    reject(error);
  };
  const timer = setTimeout(
    () => fail(new AgentError('timeout', 'the agent does not take connections')),
    limit,
  );
  const onError = (cause: Error): void =>
    fail(new AgentError('unreachable', 'no ssh-agent answers at its socket', { cause }));
  socket.once('error', onError);
  socket.once('connect', () => {
    socket.off('error', onError);
    resolve(socket);
  });
  return promise.finally(() => clearTimeout(timer));
}
