// VUs that read random elements of a SharedArray and check what they read.
import { sleep } from 'k6';
import { SharedArray } from 'k6/data';

const rows = new SharedArray('rows', () =>
  __ENV.DATA ? JSON.parse(open(__ENV.DATA)) : [{ id: 0 }],
);

export const options = {
  vus: Number(__ENV.VUS),
  duration: `${__ENV.SECONDS}s`,
};

export default function () {
  const index = Math.floor(Math.random() * rows.length);
  if (rows[index].id !== index) throw new Error(`row ${index} is wrong`);
  sleep(0.5);
}
