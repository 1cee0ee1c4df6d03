/**
 * The chat rooms of the demo: the JSON protocol that the chat example of k6's documentation speaks.
 *
 *   client: SET_NAME {new_name} · SAY {message} · LEAVE
 *   server: USER_JOINED, NAME_CHANGED, CHAT_MSG, USER_LEFT {user, message} · ERROR {message}
 *
 * Knows no socket: a member is anything that takes text and can be closed.
 */

/** One client's side of the conversation. */
export interface ChatPeer {
  send(text: string): void;
  /** The peer asked to leave; nothing is sent to it any more. */
  close(): void;
}

/** What the server does with a client that is in a room. */
export interface ChatMember {
  /** One text message from the client. Faults are answered with an ERROR event, never thrown. */
  receive(text: string): void;
  /** The connection is gone. May be called more than once. */
  leave(): void;
}

/** Rooms by name. A room lives as long as somebody is in it. */
export class ChatRooms {
  readonly #rooms = new Map<string, Set<Member>>();

  /** Rooms with somebody in them. */
  get count(): number {
    return this.#rooms.size;
  }

  join(roomName: string, peer: ChatPeer): ChatMember {
    const room = this.#rooms.get(roomName) ?? new Set();
    this.#rooms.set(roomName, room);
    const member = new Member(peer, room, () => {
      if (room.size === 0) this.#rooms.delete(roomName);
    });
    room.add(member);
    return member;
  }
}

class Member implements ChatMember {
  readonly #peer: ChatPeer;
  readonly #room: Set<Member>;
  readonly #onLeft: () => void;
  #name: string | undefined;

  constructor(peer: ChatPeer, room: Set<Member>, onLeft: () => void) {
    this.#peer = peer;
    this.#room = room;
    this.#onLeft = onLeft;
  }

  receive(text: string): void {
    if (!this.#room.has(this)) return;
    const fault = this.#obey(parseRequest(text));
    if (fault !== undefined) this.#peer.send(JSON.stringify({ event: 'ERROR', message: fault }));
  }

  leave(): void {
    if (!this.#room.delete(this)) return;
    if (this.#name !== undefined) this.#tellRoom('USER_LEFT', `${this.#name} left the room`);
    this.#onLeft();
  }

  /** @returns what was wrong with the request, if anything. */
  #obey(request: ChatRequest): string | undefined {
    switch (request.event) {
      case undefined:
        return 'expected a JSON object with an event';
      case 'SET_NAME':
        return this.#rename(request.new_name);
      case 'SAY':
        return this.#say(request.message);
      case 'LEAVE':
        this.leave();
        this.#peer.close();
        return undefined;
      default:
        return `unknown event ${JSON.stringify(request.event)}; expected SET_NAME, SAY or LEAVE`;
    }
  }

  #rename(newName: unknown): string | undefined {
    if (typeof newName !== 'string' || newName === '') return 'SET_NAME needs a new_name';
    const oldName = this.#name;
    this.#name = newName;
    if (oldName === undefined) this.#tellRoom('USER_JOINED', `${newName} joined the room`);
    else this.#tellRoom('NAME_CHANGED', `${oldName} is now known as ${newName}`);
    return undefined;
  }

  #say(message: unknown): string | undefined {
    if (this.#name === undefined) return 'choose a name first: send SET_NAME';
    if (typeof message !== 'string') return 'SAY needs a message';
    this.#tellRoom('CHAT_MSG', message);
    return undefined;
  }

  /** Sends to all members; the text is rendered once. */
  #tellRoom(event: string, message: string): void {
    const text = JSON.stringify({ event, user: this.#name, message });
    for (const member of this.#room) member.#peer.send(text);
  }
}

interface ChatRequest {
  readonly event?: unknown;
  readonly new_name?: unknown;
  readonly message?: unknown;
}

/** What is no JSON object is a request without an event. */
function parseRequest(text: string): ChatRequest {
  try {
    return Object(JSON.parse(text)) as ChatRequest;
  } catch {
    return {};
  }
}
