export default async function () {
  for (let round = 0; round < Number(__ENV.ROUNDS); round += 1) {
    const response = await fetch(`${__ENV.HTTP_URL}/item`);
    const text = await response.text();
    if (response.status !== 200 || text.length === 0) throw new Error(String(response.status));
  }
}
