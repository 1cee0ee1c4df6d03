/**
 * A run that never happened, for sizes and speeds: two scenarios with sockets, rooms, checks, closes and
 * metrics of their own, second by second, the same each time.
 */
import { createPrng } from '../../base/prng.ts';
import { Aggregate } from '../../metrics/aggregate.ts';
import { TestWorker } from '../../metrics/testing/recording.ts';
import { ThresholdSet } from '../../metrics/threshold.ts';
import { Dashboard, type DashboardContext } from '../dashboard.ts';
import type { DashboardSettings } from '../settings.ts';

const TREND_STATS = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'];

export class SyntheticRun {
  readonly aggregate = new Aggregate();
  readonly thresholds: ThresholdSet;
  readonly dashboard: Dashboard;
  readonly #worker: TestWorker;
  readonly #random = createPrng(7);
  #second = 0;

  constructor(settings: Partial<DashboardSettings>, context: Partial<DashboardContext> = {}) {
    this.#worker = new TestWorker(this.aggregate);
    const worker = this.#worker;
    worker.define('reply_time', 'trend', 'time');
    worker.define('delivery_time', 'trend', 'time');
    worker.define('payload_bytes', 'trend', 'data');
    worker.define('orders_placed', 'counter');
    worker.define('orders_filled', 'rate');
    worker.define('queue_depth', 'gauge');
    this.thresholds = new ThresholdSet(this.aggregate, {
      reply_time: [{ threshold: 'p(95)<250', abortOnFail: false, delayAbortEvalMs: undefined }],
      checks: [{ threshold: 'rate>0.99', abortOnFail: false, delayAbortEvalMs: undefined }],
    });
    this.dashboard = new Dashboard(
      { page: undefined, periodMs: 1000, reportPath: undefined, tags: undefined, ...settings },
      {
        facts: {
          script: 'synthetic.js',
          command: 'gharial run synthetic.js',
          options: [],
          environment: [['gharial', 'test']],
          trendStats: TREND_STATS,
          pauseRefusal: undefined,
        },
        durationMsMax: 600_000,
        resolvePath: (path) => path,
        redact: (text) => text,
        warn: () => {},
        ...context,
      },
    );
    this.dashboard.follow(() => ({
      stage: 'running',
      isPaused: false,
      elapsedMs: this.#second * 1000,
      scenarios: [],
    }));
    this.dashboard.start({ aggregate: this.aggregate, thresholds: this.thresholds, startMs: 0 });
  }

  /** One more second with some thousand samples. */
  tick(): void {
    const worker = this.#worker;
    const random = (): number => this.#random.next();
    for (const scenario of ['chat', 'feed']) {
      const url = `ws://127.0.0.1/${scenario}`;
      const tags = { scenario, url, name: url, group: '', status: '101' };
      for (let index = 0; index < 40; index++) {
        const wave = 1 + Math.sin(this.#second / 30);
        worker.add('ws_msgs_received', 20 + Math.round(random() * 10 * wave), tags);
        worker.add('ws_msgs_sent', 5 + Math.round(random() * 5), tags);
        worker.add('reply_time', 5 + 60 * wave * random() ** 4, {
          ...tags,
          room: `room-${index % 6}`,
        });
        worker.add('delivery_time', 8 + 90 * wave * random() ** 3, tags);
        worker.add('payload_bytes', 80 + Math.round(400 * random()), tags);
        worker.add('ws_connecting', 2 + 20 * random() ** 3, tags);
        worker.add('ws_ping', 0.2 + random(), tags);
        worker.add('ws_sessions', 1, tags);
        worker.add('iterations', 1, { scenario });
        worker.add('iteration_duration', 4000 + 2000 * random(), { scenario });
        worker.add('ws_session_duration', 4000 + 2000 * random(), tags);
        worker.add('checks', random() < 0.999 ? 1 : 0, { scenario, check: `check ${index % 8}` });
        const code = random() < 0.95 ? '1000' : random() < 0.5 ? '1006' : '1011';
        const cause = code === '1006' ? 'end-of-stream' : 'peer-close';
        worker.add('ws_sockets_closed', 1, { ...tags, code, cause });
        worker.add('orders_placed', 3, { ...tags, side: index % 2 === 0 ? 'buy' : 'sell' });
        worker.add('orders_filled', random() < 0.9 ? 1 : 0, tags);
      }
    }
    worker.add('vus', 500);
    worker.add('vus_max', 500);
    worker.add('ws_sockets_open', 480 + Math.round(20 * random()));
    worker.add('queue_depth', Math.round(50 * random()));
    worker.add('data_sent', 200_000 + Math.round(20_000 * random()));
    worker.add('data_received', 900_000 + Math.round(90_000 * random()));
    this.#finishSecond();
  }

  /** One more second in which nothing happens but that VUs are there. */
  rest(): void {
    this.#worker.add('vus', 500);
    this.#finishSecond();
  }

  async stop(): Promise<void> {
    const failedThresholds = this.thresholds.evaluate(this.#second * 1000, true).failed;
    await this.dashboard.stop({
      aggregate: this.aggregate,
      durationMs: this.#second * 1000,
      failedThresholds,
      error: undefined,
    });
  }

  #finishSecond(): void {
    this.#worker.flush();
    this.#second++;
    this.thresholds.evaluate(this.#second * 1000, false);
    this.dashboard.onTick(this.aggregate);
  }
}
