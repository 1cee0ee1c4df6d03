// Users from a CSV file, read once for all virtual users; each takes the row that follows its number.
import { check } from 'k6';
import csv from 'k6/experimental/csv';
import { open } from 'k6/experimental/fs';
import http from 'k6/http';
import { WebSocket } from 'k6/websockets';

export const options = { vus: 5, iterations: 10, thresholds: { checks: ['rate==1'] } };

const httpBase = __ENV.HTTP_URL || 'http://127.0.0.1:7878';
const wsBase = __ENV.WS_URL || 'ws://127.0.0.1:7878';

const users = await csv.parse(await open('users.csv'), { asObjects: true });

export default function () {
  const { user, password, room } = users[(__VU - 1) % users.length];
  const { status } = http.post(`${httpBase}/login`, { user, password });
  check(status, { 'logged in': (code) => code === 200 });

  const socket = new WebSocket(`${wsBase}/ws/private/${room}/`);
  const names = [];
  socket.onmessage = ({ data }) => {
    const notice = JSON.parse(data);
    names.push(notice.user);
    if (notice.user === user) socket.close();
  };
  socket.onerror = ({ error }) => console.error(`${user}: ${error}`);
  socket.onclose = () => check(names, { 'saw itself come in': (all) => all.includes(user) });
}
