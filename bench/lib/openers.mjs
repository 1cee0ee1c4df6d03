// One face for two clients: open(handler) with onOpen(handle), onMessage(handle, data), onClose(handle, code);
// a handle sends and closes.
import { WebSocket } from 'ws';

/**
 * The engine of the build in `root`, without VU and metrics.
 *
 * @param options port, and if wanted isSecure and offersDeflate.
 */
export async function gharialOpener(root, { port, isSecure = false, offersDeflate = false }) {
  const { dial } = await import(new URL(`../../${root}/websocket/dial.js`, import.meta.url));
  const addresses = [{ address: '127.0.0.1', family: 4, port: Number(port) }];
  const request = {
    isSecure,
    host: '127.0.0.1',
    port: Number(port),
    target: '/',
    hostHeader: `127.0.0.1:${port}`,
    headers: [],
    protocols: [],
    resolve: (_host, _port, done) => done(null, addresses),
    ...(isSecure ? { tls: { rejectUnauthorized: false, reusesSessions: false } } : {}),
    ...(offersDeflate ? { offersDeflate, deflate: { clientMaxWindowBits: true } } : {}),
  };
  class Events {
    constructor(handler) {
      this.handler = handler;
      this.connection = null;
    }
    onOpen() {
      this.handler.onOpen(this);
    }
    onText(text) {
      this.handler.onMessage(this, text);
    }
    onBinary(payload) {
      this.handler.onMessage(this, payload);
    }
    onPing() {}
    onPong() {}
    onPeerClose() {}
    onBytes() {}
    onEnd(ending) {
      this.handler.onClose(this, ending.code);
    }
    send(message) {
      if (typeof message === 'string') this.connection.sendText(message);
      else this.connection.sendBinary(message);
    }
    close() {
      this.connection.close(1000);
    }
  }
  return (handler) => {
    const events = new Events(handler);
    events.connection = dial(request, events);
  };
}

/** The `ws` library with the same settings. */
export function wsOpener({ port, isSecure = false, offersDeflate = false }) {
  const perMessageDeflate = offersDeflate && {
    clientNoContextTakeover: true,
    serverNoContextTakeover: true,
    threshold: 0,
  };
  return (handler) => {
    const scheme = isSecure ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://127.0.0.1:${port}/`, {
      perMessageDeflate,
      rejectUnauthorized: false,
    });
    const handle = {
      send: (message) => socket.send(message),
      close: () => socket.close(1000),
    };
    socket.on('open', () => handler.onOpen(handle));
    socket.on('message', (data, isBinary) =>
      handler.onMessage(handle, isBinary ? data : data.toString()),
    );
    socket.on('close', (code) => handler.onClose(handle, code));
    socket.on('error', (error) => {
      throw error;
    });
  };
}
