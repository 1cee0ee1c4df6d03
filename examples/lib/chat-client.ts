/** A chat user for tests: joins a room under a name, talks, hears. */
import { WebSocket } from 'k6/websockets';

export interface Notice {
  event: 'CHAT_MSG' | 'USER_JOINED' | 'USER_LEFT' | 'NAME_CHANGED' | 'ERROR';
  user?: string;
  message: string;
}

export class ChatClient {
  readonly #socket: WebSocket;

  constructor(
    url: string,
    readonly name: string,
    onNotice: (notice: Notice) => void,
  ) {
    this.#socket = new WebSocket(url);
    this.#socket.onopen = () => this.#tell({ event: 'SET_NAME', new_name: name });
    this.#socket.onmessage = (event) => onNotice(JSON.parse(String(event?.data)));
    this.#socket.onerror = (event) => console.error(event?.error);
  }

  say(message: string): void {
    this.#tell({ event: 'SAY', message });
  }

  leave(): void {
    this.#tell({ event: 'LEAVE' });
  }

  #tell(request: object): void {
    this.#socket.send(JSON.stringify(request));
  }
}
