import { isatty } from 'node:tty';
import { SingleBar } from 'cli-progress';

/** A thing the demo promised did not happen. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}

/** Throws DemoFailure with `otherwise` unless the condition holds. */
export function must(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new DemoFailure(otherwise);
}

const INDENT = '   ';
/** Columns of quoted text. */
const WIDTH = 105;
const terminal = isatty(1);
const styled = terminal && process.env['NO_COLOR'] === undefined;
const style = (code: number, text: string): string => (styled ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = (text: string): string => style(1, text);
const faint = (text: string): string => style(2, text);

const print = (line: string): void => void process.stdout.write(`${line}\n`);

let steps = 0;

export function title(text: string, subtitle: string): void {
  print(`\n${bold(text)}\n${subtitle}`);
}

export function step(text: string): void {
  steps += 1;
  print(`\n${bold(`${steps}. ${text}`)}`);
}

export function say(...lines: string[]): void {
  for (const line of lines) print(INDENT + line);
}

const variables = new Map<string, string>();

/** Shows a shell variable being set; commands shown later use it where they hold its value. */
export function variable(name: string, value: string): void {
  command(`${name}=${value}`);
  variables.set(name, value);
}

/** The last word. */
export function conclude(text: string): void {
  print(`\n${bold(text)}`);
}

/** A command as the reader could type it. */
export function command(text: string): void {
  const short = [...variables].reduce((line, [name, value]) => line.replaceAll(value, `$${name}`), text);
  say(`${faint('$')} ${style(36, short)}`);
}

/** What a command or the service answered, set off by a margin; long lines go on below their beginning. */
export function quote(text: string): void {
  for (const line of text.trimEnd().split('\n').flatMap(wrap)) say(`${faint('|')} ${line}`);
}

/** Breaks a line between words; a word longer than a line is left whole, so that it can be copied. */
function wrap(line: string): string[] {
  const [lead = ''] = /^\s*(?:- )?/.exec(line) ?? [];
  const lines: string[] = [];
  let current = lead;
  for (const word of line.slice(lead.length).split(' ')) {
    const longer = current === lead || current.trim() === '' ? current + word : `${current} ${word}`;
    if (longer.length > WIDTH && current.trim() !== '') {
      lines.push(current);
      current = ' '.repeat(lead.length) + word;
    } else {
      current = longer;
    }
  }
  return [...lines, current];
}

/** JSON, one line a member; with `cut`, members longer than a line are cut off. */
export function quoteMembers(value: object, cut = false): void {
  for (const [name, member] of Object.entries(value)) {
    const line = `${JSON.stringify(name)}: ${JSON.stringify(member)}`;
    quote(cut && line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line);
  }
}

/** A bar on a terminal; elsewhere a line each time another quarter is done. */
export class Progress {
  readonly #bar: SingleBar | undefined;
  readonly #total: number;
  readonly #unit: string;
  #done = 0;

  constructor(total: number, unit: string) {
    this.#total = total;
    this.#unit = unit;
    if (!terminal) return;
    const format = `${INDENT}{bar} {value}/{total} ${unit}`;
    const look = { barsize: 40, barCompleteChar: '#', barIncompleteChar: '.' };
    this.#bar = new SingleBar({ format, ...look, clearOnComplete: true });
    this.#bar.start(total, 0);
  }

  advance(count: number): void {
    const quarter = (done: number): number => Math.floor((done * 4) / this.#total);
    const before = quarter(this.#done);
    this.#done += count;
    this.#bar?.update(this.#done);
    if (!this.#bar && quarter(this.#done) > before) {
      say(`${number(this.#done)} of ${number(this.#total)} ${this.#unit}`);
    }
  }

  /** Call in `finally`: a bar left running hides the cursor. */
  stop(): void {
    this.#bar?.stop();
  }
}

export function number(value: number): string {
  return value.toLocaleString('en-US');
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Whole seconds and tenths since `start`, a value of performance.now(). */
export function seconds(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}
