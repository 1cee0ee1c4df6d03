// The same work as scripts/http.js with bare undici: as many loops as VUs, a connection for each.
import { Pool } from 'undici';

const { HTTP_URL, VUS, ROUNDS } = process.env;
const pool = new Pool(HTTP_URL, { connections: Number(VUS) });
await Promise.all(
  Array.from({ length: Number(VUS) }, async () => {
    for (let round = 0; round < Number(ROUNDS); round += 1) {
      const { statusCode, body } = await pool.request({ path: '/item', method: 'GET' });
      const text = await body.text();
      if (statusCode !== 200 || text.length === 0) throw new Error(`status ${statusCode}`);
    }
  }),
);
await pool.close();
