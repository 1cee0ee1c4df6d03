/**
 * Serves the live page: the file, a stream of server-sent events, the report so far, pause and stop.
 *
 * Whoever may open a page in a browser on this machine must not thereby steer or read a test: the `Host`
 * must be an address or a name of this machine (a foreign name that resolves here is refused), and what
 * changes something needs a header that other sites' pages cannot send.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { GharialError } from '../base/errors.ts';
import { reasonOf } from '../base/system-error.ts';
import { policyOf } from './page-file.ts';
import type { PageEvents } from './protocol.ts';
import type { PageSettings } from './settings.ts';

/** What the page can ask for. Refusals are GharialErrors, whose texts the page shows. */
export interface PageRequests {
  page(): string;
  report(): string;
  /** The text of the first event. */
  view(): string;
  setPaused(isPaused: boolean): void;
  stop(): void;
}

/** The header that makes a request one of our page's: other origins may not set it. */
export const STEERING_HEADER = 'x-gharial';
const CLIENTS_MAX = 64;
/** A page that reads too slowly loses what waits, and gets everything anew. */
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024;
/** How long pages may take to read the last event. */
const FAREWELL_MS = 2000;
/** k6 serves its page below /ui. */
const PAGE_PATHS: ReadonlySet<string> = new Set(['/', '/ui', '/ui/']);

export class PageServer {
  readonly #requests: PageRequests;
  readonly #settings: PageSettings;
  readonly #clients = new Set<ServerResponse>();
  /** Clients that missed events. */
  readonly #behind = new Set<ServerResponse>();
  #server: Server | undefined;

  constructor(settings: PageSettings, requests: PageRequests) {
    this.#settings = settings;
    this.#requests = requests;
  }

  get hasClients(): boolean {
    return this.#clients.size > 0;
  }

  /**
   * Listens, and resolves to the address of the page. If the usual port is taken and nobody chose it, a
   * free one is.
   * @throws GharialError PAGE_UNAVAILABLE
   */
  async listen(): Promise<{ readonly url: string; readonly isOtherPort: boolean }> {
    const { host, port, isPortChosen } = this.#settings;
    try {
      return { url: await this.#listenAt(port), isOtherPort: false };
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (isTaken && !isPortChosen) return { url: await this.#listenAt(0), isOtherPort: true };
      throw new GharialError(
        'PAGE_UNAVAILABLE',
        `the live page cannot be served on ${host}:${port}: ${reasonOf(error)}`,
        { cause: error, hint: 'choose another port, or port 0 for one that is free' },
      );
    }
  }

  /** Sends an event to all pages. */
  send<K extends keyof PageEvents>(name: K, text: string): void {
    const message = eventText(name, text);
    for (const client of this.#clients) {
      if (client.writableLength > BACKLOG_BYTES_MAX) this.#behind.add(client);
      else if (!this.#behind.has(client)) client.write(message);
    }
  }

  /** Sends the last event, gives pages a moment to read it, and closes. */
  async close(lastText: string): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const message = eventText('end', lastText);
    const read = [...this.#clients].map(async (client) => {
      client.end(message);
      await once(client, 'close');
    });
    const closed = once(server, 'close');
    server.close();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FAREWELL_MS);
    });
    await Promise.race([Promise.all(read), late]);
    clearTimeout(timer);
    server.closeAllConnections();
    await closed;
  }

  async #listenAt(port: number): Promise<string> {
    const { host } = this.#settings;
    const server = createServer((request, response) => this.#answer(request, response));
    server.listen({ port, host });
    await once(server, 'listening');
    this.#server = server;
    const address = server.address();
    const given = typeof address === 'object' && address !== null ? address.port : port;
    const isEverywhere = host === '0.0.0.0' || host === '::';
    const name = isEverywhere ? '127.0.0.1' : host;
    return `http://${isIP(name) === 6 ? `[${name}]` : name}:${given}`;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET' } = request;
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    response.setHeader('cache-control', 'no-store');
    response.setHeader('x-content-type-options', 'nosniff');
    response.setHeader('referrer-policy', 'no-referrer');
    response.setHeader('x-frame-options', 'DENY');
    if (!this.#isOwnHost(request.headers.host ?? '')) {
      refuse(response, 403, 'this name is not one of this machine: open the page by its address');
      return;
    }
    const isReading = method === 'GET' || method === 'HEAD';
    if (PAGE_PATHS.has(path) && isReading) sendPage(response, this.#requests.page());
    else if (path === '/report' && isReading) sendPage(response, this.#requests.report());
    else if (path === '/events' && method === 'GET') this.#stream(response);
    else if (path === '/pause' || path === '/resume' || path === '/stop') {
      this.#steer(path, request, response);
    } else refuse(response, 404, 'there is nothing here');
  }

  #steer(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'POST') {
      refuse(response, 405, 'expected POST');
      return;
    }
    const { origin, host } = request.headers;
    const isForeign = origin !== undefined && origin !== `http://${host}`;
    if (isForeign || request.headers[STEERING_HEADER] === undefined) {
      refuse(response, 403, `only the page itself may steer the test (header ${STEERING_HEADER})`);
      return;
    }
    try {
      if (path === '/stop') this.#requests.stop();
      else this.#requests.setPaused(path === '/pause');
    } catch (error) {
      if (!(error instanceof GharialError)) throw error;
      refuse(response, 409, error.message);
      return;
    }
    response.writeHead(204).end();
  }

  #stream(response: ServerResponse): void {
    if (this.#clients.size >= CLIENTS_MAX) {
      refuse(response, 503, `${CLIENTS_MAX} pages are open already`);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.write(eventText('view', this.#requests.view()));
    this.#clients.add(response);
    response.on('drain', () => {
      if (this.#behind.delete(response)) response.write(eventText('view', this.#requests.view()));
    });
    response.on('close', () => {
      this.#clients.delete(response);
      this.#behind.delete(response);
    });
  }

  #isOwnHost(header: string): boolean {
    const [, bracketed, plain = ''] = /^(?:\[(.*)\]|([^:]*))(?::\d+)?$/.exec(header) ?? [];
    const name = (bracketed ?? plain).toLowerCase();
    return isIP(name) > 0 || name === 'localhost' || name === this.#settings.host.toLowerCase();
  }
}

function eventText(name: keyof PageEvents, text: string): string {
  return `event: ${name}\ndata: ${text}\n\n`;
}

function sendPage(response: ServerResponse, page: string): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `${policyOf(page)}; frame-ancestors 'none'`,
  });
  response.end(page);
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${reason}\n`);
}
