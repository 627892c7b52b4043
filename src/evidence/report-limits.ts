import type { Manifest } from './manifest.ts';
import type { Block } from './report-block.ts';

/** The page of what a bundle does not prove: near the front, so that nobody reads a verdict without it. */
export function* limitsBlocks({ nonce, view, erasures }: Manifest): Iterable<Block> {
  yield { kind: 'page' };
  yield { kind: 'heading', level: 2, text: 'What this does not prove', id: 'limits' };
  const items = [
    'That a producer sent every prediction, or the truth: totals show what the service committed to, not that whoever sent it was honest. Gaps in a producer’s own sequence numbers are looked for where it sends them.',
    'That a row says what its entry’s payload said. The payload of a row in a sample shows it where the bundle holds that payload; for all others, whoever may read the log makes the bundle again and compares digests.',
    'That a population left nothing out. Control totals and gap checks are the log’s own counts; making the bundle again from the log is what shows that they are right.',
    'That the log shows everyone the same history. Checkpoints that others have kept show that, and consistency proofs from them to this one.',
    'That the log’s clock was right. Times never go backwards within a log, and that is all.',
    'What happened outside of the service: a database copied together with its keys, a paper file, a decision that nobody recorded.',
    'Who the opaque ids are. Whoever issued the credentials knows.',
    'That a control is fulfilled, or that a law is complied with. This supports that judgement, and does not make it.',
    ...(/^0+$/.test(nonce) ? ['That nobody could foresee which rows would be drawn: the auditor gave no nonce.'] : []),
    ...(view.receipts ? [] : ['What any payload says: this bundle holds none.']),
    ...(erasures.count > 0 ? ['What the erased payloads said. That they were erased with authority is in the log; nobody can read them any more.'] : []),
  ];
  yield { kind: 'list', items };
}

/** How a reader checks a bundle without trusting whoever made it. */
export function* checkingBlocks({ log, files }: Manifest): Iterable<Block> {
  yield { kind: 'heading', level: 2, text: 'How to check this bundle', id: 'checking' };
  yield { kind: 'text', text: 'No network is needed, and nothing of whoever made the bundle is trusted but the log’s public key (vkey), which you should have from elsewhere.' };
  yield {
    kind: 'list',
    items: [
      'Open verify.html in a browser and drop the zip on it.',
      'Or run: node verify.mjs bundle.zip --vkey <vkey> (Node 20.19 or newer; nothing to install).',
      'Take the verifier itself from elsewhere too, or compare its SHA-256 with the one that the project publishes.',
      'Both check every file, count, verdict, sample and proof, name each that does not hold, and say what they could not prove.',
    ],
  };
  yield { kind: 'facts', items: [['The log’s key', `its name is ${log.origin}; log/vkeys.json holds the keys that the bundle claims`], ['Signature', 'attestation.dsse.json, an in-toto statement in a DSSE envelope, by an evidence key that the log names'], ['For other tools', files.some(({ path }) => path.startsWith('oscal/')) ? 'oscal/assessment-results.json (OSCAL 1.2.3)' : 'none']] };
}
