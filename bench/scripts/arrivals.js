// An empty function at a fixed arrival rate; notes how late each iteration starts against the plan.
import exec from 'k6/execution';
import { Trend } from 'k6/metrics';

const rate = Number(__ENV.RATE);
const lateness = new Trend('start_delay', true);

export const options = {
  summaryTrendStats: ['avg', 'med', 'max', 'p(99)'],
  scenarios: {
    open: {
      executor: 'ramping-arrival-rate',
      startRate: rate,
      stages: [{ duration: `${__ENV.SECONDS}s`, target: rate }],
      preAllocatedVUs: 200,
    },
  },
};

export default function () {
  const { startTime, iterationInTest } = exec.scenario;
  const dueMs = startTime + ((iterationInTest + 1) * 1000) / rate;
  lateness.add(performance.timeOrigin + performance.now() - dueMs);
}
