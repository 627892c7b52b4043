/**
 * Edges that lead back to what they come from: one for each cycle that a walk in depth closes.
 *
 * @param up what each is made from
 */
export function cyclesIn(up: ReadonlyMap<string, readonly string[]>, root: string): [string, string][] {
  const back: [string, string][] = [];
  const done = new Set<string>();
  const path = new Set<string>([root]);
  // Without recursion: a chain may be as long as the graph.
  const stack: { id: string; next: number }[] = [{ id: root, next: 0 }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const parent = up.get(top.id)?.[top.next++];
    if (parent === undefined) {
      path.delete(top.id);
      done.add(top.id);
      stack.pop();
    } else if (path.has(parent)) back.push([top.id, parent]);
    else if (!done.has(parent)) {
      path.add(parent);
      stack.push({ id: parent, next: 0 });
    }
  }
  return back;
}
