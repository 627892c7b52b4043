/** A prediction whose content follows from its id, so that anyone who knows the id can send the same again. */
export function predictionOf(id: string): Record<string, unknown> {
  let state = 7;
  for (const character of id) state = (state * 31 + character.charCodeAt(0)) % 1_000_003;
  const score = (state % 1000) / 1000;
  return {
    id,
    model: 'credit-risk',
    version: '3.2.0',
    inputs: { age: 18 + (state % 60), income: 20_000 + (state % 80_000) },
    output: { score, label: score > 0.5 ? 'default' : 'repaid' },
    decision: { outcome: score > 0.7 ? 'declined' : 'accepted', threshold: 0.7, reasons: ['score'] },
  };
}
