/** For tests: a server on 127.0.0.1 that keeps what outputs send to it. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class BatchServer {
  readonly requests: ReceivedRequest[] = [];
  /** Status of the next answers, first to last; the last one stays. 0 = no answer at all. */
  statuses: number[] = [204];
  url = '';
  #onRequest: (() => void) | undefined;
  readonly #server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { url: path = '', headers } = request;
      this.requests.push({ path, headers, body: Buffer.concat(parts) });
      this.#onRequest?.();
      const status = (this.statuses.length > 1 ? this.statuses.shift() : this.statuses[0]) ?? 204;
      if (status === 0) return;
      response.writeHead(status).end(status < 300 ? undefined : 'out of order\n');
    });
  });

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo; // listening on TCP
    this.url = `http://127.0.0.1:${port}`;
    return this;
  }

  /** Resolves when so many requests have come. */
  async received(count: number): Promise<void> {
    while (this.requests.length < count) {
      await new Promise<void>((resolve) => {
        this.#onRequest = resolve;
      });
    }
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
