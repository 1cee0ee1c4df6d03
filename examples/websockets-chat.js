// k6/websockets: one virtual user is several guests at once, each with its own socket and timers.
import { randomIntBetween, randomItem } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';
import { WebSocket } from 'k6/websockets';

export const options = { vus: 3, iterations: 6 };

const base = `${__ENV.WS_URL || 'ws://127.0.0.1:7878'}/ws/crocochat`;
const rooms = ['pond', 'river', 'lake'];
const sentences = ['Hello!', 'Nice weather.', 'Who is new here?', 'See you later.'];

export default function () {
  for (let guest = 1; guest <= 3; guest++) visit(`guest-${__VU}-${guest}`, randomItem(rooms));
}

function visit(name, room) {
  const socket = new WebSocket(`${base}/${room}/`, null, { tags: { room } });
  const say = (event) => socket.send(JSON.stringify(event));

  socket.onopen = () => {
    say({ event: 'SET_NAME', new_name: name });
    const talking = setInterval(
      () => say({ event: 'SAY', message: randomItem(sentences) }),
      randomIntBetween(200, 600),
    );
    const leaving = setTimeout(() => {
      clearInterval(talking);
      say({ event: 'LEAVE' });
    }, 2000);
    const hangingUp = setTimeout(() => socket.close(1000, 'waited long enough'), 3000);

    socket.addEventListener('close', () => {
      clearInterval(talking);
      clearTimeout(leaving);
      clearTimeout(hangingUp);
    });
  };

  socket.onmessage = ({ data }) => {
    const { event, message } = JSON.parse(data);
    if (event === 'ERROR') console.error(`${name} in ${room}: ${message}`);
  };

  socket.onerror = ({ error }) => console.error(`${name} in ${room}: ${error}`);
}
