import http from 'k6/http';

export default function () {
  for (let round = 0; round < Number(__ENV.ROUNDS); round += 1) {
    const response = http.get(`${__ENV.HTTP_URL}/item`);
    if (response.status !== 200 || response.body.length === 0) throw new Error(response.error);
  }
}
