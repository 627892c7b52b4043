import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { readContractFile } from '../../src/contracts/contract-file.ts';
import { LOAN, contractsOf } from './loan-contract.ts';

const page = readFile(new URL('../../docs/contracts.md', import.meta.url), 'utf8');

test('the contract that docs/contracts.md shows is right, and takes records in', async () => {
  const [, text = ''] = /<!-- contract -->\n```yaml\n([^]*?)```/.exec(await page) ?? [];
  const contract = contractsOf({ 'contracts/parcel-delay.yaml': text }).of('parcel-delay', 'default');
  const sent = { id: 'a', model: 'parcel-delay', version: '1', subject: 's', purpose: 'delivery', legalBasis: 'contract', inputs: { distance: 1200, stops: 3, receiver: 'Jane Roe', colour: 'red' }, output: { late: 0.2 }, decision: { outcome: 'wait' } };
  expect(contract?.judge(sent)).toMatchObject({ verdict: 'accepted', handling: { tokenized: ['/inputs/receiver'], droppedUnknown: 1 } });
  expect(contract?.judge({ ...sent, inputs: { distance: 1200 } })).toMatchObject({ verdict: 'refused', faults: [{ code: 'rule-broken' }] });
});

test('docs/contracts.md names every word of the language', async () => {
  const words = new Set((await page).match(/`[^`\n]+`/g)?.flatMap((quoted) => quoted.match(/[A-Za-z]+/g) ?? []));
  const source = await readFile(new URL('../../src/contracts/contract-file.ts', import.meta.url), 'utf8');
  const [, interfaces = ''] = /export interface TokenizationFile ([^]*?)const ID =/.exec(source) ?? [];
  const known = [...interfaces.matchAll(/^ {2}(\w+)\??:/gm)].map(([, word]) => String(word));
  expect(known.length).toBeGreaterThan(45);
  expect(known.filter((word) => !words.has(word))).toEqual([]);
});

test('a file is read with its words in their places', () => {
  expect(readContractFile('contracts/loan.yaml', LOAN).value).toMatchObject({ contract: 'loan', inputs: { age: { use: 'known', maximum: 120 } } });
});
