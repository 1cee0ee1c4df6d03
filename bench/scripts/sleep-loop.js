// Sleeps three calls deep, for ever.
import { sleep } from 'k6';

const nap = () => sleep(0.1);
const pause = () => nap();

export const options = {
  scenarios: {
    hold: {
      executor: 'constant-vus',
      vus: Number(__ENV.VUS),
      duration: `${__ENV.SECONDS}s`,
      gracefulStop: '0s',
    },
  },
};

export default function () {
  for (;;) pause();
}
