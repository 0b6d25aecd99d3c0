/** The HTTP service over a scene, without a network: real routes, limits and headers; what it logs is kept. */
import { Writable } from 'node:stream';
import { base64urlnopad } from '@scure/base';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import type { Asked, CertificateQuestion } from '../../src/authority/ask.ts';
import type { Http } from '../../src/http/types.ts';
import type { AskOptions, Scene, SceneOptions, SudoOptions } from '../authority/scene.ts';
import { openScene } from '../authority/scene.ts';

export interface ServiceOptions extends SceneOptions {
  readonly trustedProxies?: readonly string[];
  readonly metricsFrom?: readonly string[];
  readonly requestsPerMinute?: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: LightMyRequestResponse['headers'];
  readonly text: string;
  // Every test looks at another part of it.
  readonly json: Record<string, unknown>;
}

export class HttpScene implements AsyncDisposable {
  readonly scene: Scene;
  readonly http: Http;
  readonly #lines: string[];

  constructor(scene: Scene, http: Http, lines: string[]) {
    this.scene = scene;
    this.http = http;
    this.#lines = lines;
  }

  /** Everything that was logged. */
  get log(): string {
    return this.#lines.join('');
  }

  get(url: string, headers: Record<string, string> = {}): Promise<Reply> {
    return this.send({ method: 'GET', url, headers });
  }

  post(url: string, body: unknown): Promise<Reply> {
    return this.send({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      payload: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Asks again while this very process, with its tests, keeps the service from answering. */
  async send(options: InjectOptions): Promise<Reply> {
    for (let tries = 50; ; tries--) {
      const reply = await this.#sendOnce(options);
      if (reply.json['code'] !== 'overloaded' || tries === 0) return reply;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async #sendOnce(options: InjectOptions): Promise<Reply> {
    const { statusCode, headers, payload } = await this.http.inject(options);
    const isJson = String(headers['content-type']).includes('json');
    return { status: statusCode, headers, text: payload, json: isJson ? JSON.parse(payload) : {} };
  }

  /** What the command sends to ask. */
  askBody(person: string, options: AskOptions = {}): { person: string; certificates: object[] } {
    return { person, certificates: [certificateBody(this.scene.question(person, options))] };
  }

  /** The same for sudo. */
  sudoBody(person: string, options: SudoOptions = {}): { person: string; certificates: object[] } {
    return { person, certificates: [certificateBody(this.scene.sudoQuestion(person, options))] };
  }

  /** A request made over HTTP, as the authority knows it. */
  async ask(person: string, options: AskOptions = {}): Promise<Asked> {
    const { json } = await this.post('/v1/requests', this.askBody(person, options));
    const id = String(json['requestId']);
    const request = await this.scene.authority.store.read((tx) => tx.findRequest(id));
    if (request?.action !== 'issue') throw new Error('the request was not kept');
    const hints = { credentialIds: [], userVerification: false, approvals: 0 };
    return { request, pollSecret: String(json['pollSecret']), hints };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http.close();
    await this.scene[Symbol.asyncDispose]();
  }
}

export async function openHttp(options: ServiceOptions = {}): Promise<HttpScene> {
  const { trustedProxies = [], metricsFrom = ['127.0.0.1'], ...rest } = options;
  const { requestsPerMinute = 10_000, ...sceneOptions } = rest;
  const scene = await openScene(sceneOptions);
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const logger = pino({ redact: ['req.headers', 'res.headers'], level: 'trace' }, sink);
  const http = await buildApp(scene.authority, { logger, trustedProxies, metricsFrom, requestsPerMinute });
  return new HttpScene(scene, http, lines);
}

function certificateBody({ key, possession, ...question }: CertificateQuestion): object {
  const signature = base64urlnopad.encode(possession.signature);
  return { ...question, key: base64urlnopad.encode(key), possession: { ...possession, signature } };
}
