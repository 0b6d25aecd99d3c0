import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Alarm } from '../authority/alarm.ts';
import { AuthorityError } from '../authority/error.ts';
import type { TouchableRequest } from '../authority/records.ts';

/** What is asked of the store whenever metrics are read. */
export interface StoredNumbers {
  readonly logSize: () => Promise<number>;
  readonly breakGlassCertificates: () => Promise<number>;
}

/** What `/metrics` tells, in a registry of its own: no names, no addresses. */
export class Metrics {
  readonly registry = new Registry();
  readonly #issued = new Counter({
    name: 'usher_requests_issued_total',
    help: 'Requests that were touched and issued',
    registers: [this.registry],
  });
  readonly #refused = new Counter({
    name: 'usher_touches_refused_total',
    help: 'Touches that were refused, by code',
    labelNames: ['code'],
    registers: [this.registry],
  });
  readonly #alarms = new Counter({
    name: 'usher_alarms_total',
    help: 'What somebody should look at, by kind; the log of the service says which host',
    labelNames: ['what'],
    registers: [this.registry],
  });
  readonly #duration = new Histogram({
    name: 'usher_issuance_seconds',
    help: 'From a touch to the durable record',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [this.registry],
  });

  constructor({ logSize, breakGlassCertificates }: StoredNumbers) {
    new Gauge({
      name: 'usher_log_leaves',
      help: 'Size of the log',
      registers: [this.registry],
      async collect() {
        this.set(await logSize());
      },
    });
    new Gauge({
      name: 'usher_break_glass_certificates',
      help: 'Certificates in the log that offline keys signed in emergencies',
      registers: [this.registry],
      async collect() {
        this.set(await breakGlassCertificates());
      },
    });
  }

  countAlarm({ what }: Alarm): void {
    this.#alarms.inc({ what });
  }

  /** Of each touch, the own one and those of others; a request counts when the last one that it takes has come. */
  async timeTouch<Request extends TouchableRequest>(take: () => Promise<Request>): Promise<Request> {
    const stop = this.#duration.startTimer();
    try {
      const request = await take();
      if (request.state.kind === 'issued') this.#issued.inc();
      return request;
    } catch (error) {
      this.#refused.inc({ code: error instanceof AuthorityError ? error.code : 'internal' });
      throw error;
    } finally {
      stop();
    }
  }
}
