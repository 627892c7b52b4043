import { text } from 'node:stream/consumers';
import type { Manifest } from './manifest.ts';
import { reportOf } from './report.ts';
import { pdfOf } from './report-pdf.ts';

// A process of its own: the folder is its argument, the manifest its input, the PDF its output.
const manifest = JSON.parse(await text(process.stdin)) as Manifest;
process.stdout.write(await pdfOf(await reportOf(process.argv[2] ?? '', manifest)));
