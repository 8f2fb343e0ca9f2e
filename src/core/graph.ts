// Directed graphs of names. Law: the outcome depends on the graph alone, not on the order in which it was built.

/** From each node to the nodes that come after it. Every node is a key, and a node never leads to itself. */
export type Graph = Map<string, Set<string>>;

export function createGraph(nodes: Iterable<string>): Graph {
  return new Map([...nodes].map((node) => [node, new Set()]));
}

/** Adds an edge where both ends are nodes and differ. */
export function connect(graph: Graph, from: string, to: string): void {
  if (from !== to && graph.has(to)) graph.get(from)?.add(to);
}

/** The nodes that can be reached from some, these included where they are nodes. */
export function reach(graph: Graph, from: Iterable<string>): Set<string> {
  const found = new Set([...from].filter((node) => graph.has(node)));
  // A set hands out members that are added while it is walked.
  for (const node of found) for (const next of graph.get(node) ?? []) found.add(next);
  return found;
}

export function reversed(graph: Graph): Graph {
  const back = createGraph(graph.keys());
  for (const [from, targets] of graph) for (const to of targets) connect(back, to, from);
  return back;
}

/** Groups of nodes that lead to each other (strongly connected components, after Kosaraju), each sorted. */
export function components(graph: Graph): string[][] {
  const finished: string[] = [];
  const seen = new Set<string>();
  for (const root of graph.keys()) {
    if (seen.has(root)) continue;
    seen.add(root);
    // Its own stack: a chain of services may be longer than the engine's.
    const path = [{ node: root, left: [...(graph.get(root) ?? [])] }];
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.left.pop();
      if (next === undefined) {
        finished.push(top.node);
        path.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        path.push({ node: next, left: [...(graph.get(next) ?? [])] });
      }
    }
  }
  const back = reversed(graph);
  const groups: string[][] = [];
  const taken = new Set<string>();
  for (const root of finished.toReversed()) {
    if (taken.has(root)) continue;
    const group = new Set([root]);
    taken.add(root);
    for (const node of group) {
      for (const next of back.get(node) ?? []) {
        if (!taken.has(next)) group.add(next);
        taken.add(next);
      }
    }
    groups.push([...group].toSorted());
  }
  return groups;
}

/** Every node after those that lead to it, ties by name. The graph must have no loop: nodes of one are left out. */
export function inOrder(graph: Graph): string[] {
  const waiting = new Map([...reversed(graph)].map(([node, before]) => [node, before.size]));
  const ready = [...waiting].filter(([, count]) => count === 0).map(([node]) => node);
  ready.sort((a, b) => (a < b ? 1 : -1));
  const order: string[] = [];
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    order.push(node);
    for (const next of graph.get(node) ?? []) {
      const count = (waiting.get(next) ?? 0) - 1;
      waiting.set(next, count);
      if (count === 0) insert(ready, next);
    }
  }
  return order;
}

/** Keeps a list sorted from last to first, so that its end is the first. */
function insert(list: string[], name: string): void {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? '') > name) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, name);
}
