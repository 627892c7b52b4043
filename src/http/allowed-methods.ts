/** Which methods each path takes: what tells a wrong method from a wrong path (RFC 9110, section 15.5.6). */
export class AllowedMethods {
  private readonly routes = new Map<string, { path: RegExp; methods: Set<string> }>();

  /** @param pattern a path with `:name` for one segment and `*` for the rest */
  add(pattern: string, methods: string | readonly string[]): void {
    const route = this.routes.get(pattern) ?? { path: pathOf(pattern), methods: new Set() };
    for (const method of [methods].flat()) route.methods.add(method);
    this.routes.set(pattern, route);
  }

  /** The `Allow` field of a URL's path; empty where no route has that path. */
  of(url: string): string {
    const [path = ''] = url.split('?', 1);
    const matching = [...this.routes.values()].filter((route) => route.path.test(path));
    return [...new Set(matching.flatMap(({ methods }) => [...methods]))].sort().join(', ');
  }
}

function pathOf(pattern: string): RegExp {
  const source = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/:[^/]+/g, '[^/]+').replace('*', '.*');
  return new RegExp(`^${source}$`);
}
