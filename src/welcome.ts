/** What a person sees at the start: where it listens, and a line to paste. */
export function welcome(url: string, keysFile: string): string {
  const key = `$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).producer' '${keysFile}')`;
  const record = '{"id":"first-1","model":"credit-risk","version":"3.2.0","inputs":{"age":41,"income":52000},"output":{"score":0.81},"decision":{"outcome":"declined","threshold":0.7}}';
  return `
prediction-ledger listens on ${url}   (API: ${url}/docs)

Hand in a first prediction and get its receipt:

curl -sS -X POST '${url}/v1/predictions?receipt=true' \\
  -H "authorization: Bearer ${key}" \\
  -H 'content-type: application/json' \\
  -d '${record}'

`;
}
