/** A directed edge; an infinite capacity is an edge that no cut may sever. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  readonly capacity: number;
}

interface Arc {
  readonly to: number;
  rest: number;
  readonly reverse: number;
}

/**
 * A cut of least capacity between two vertices of a network, by augmenting shortest paths (Edmonds and Karp 1972).
 * Of all such cuts it is the one nearest to the sink.
 *
 * @returns the vertices on the sink's side; `undefined` if no cut is finite
 */
export function minimumCut(
  vertices: number,
  edges: readonly Edge[],
  source: number,
  sink: number,
): ReadonlySet<number> | undefined {
  const arcs: Arc[] = [];
  const leaving: number[][] = Array.from({ length: vertices }, () => []);
  for (const { from, to, capacity } of edges) {
    leaving[from]!.push(arcs.length);
    leaving[to]!.push(arcs.length + 1);
    arcs.push({ to, rest: capacity, reverse: arcs.length + 1 });
    arcs.push({ to: from, rest: 0, reverse: arcs.length - 1 });
  }
  for (;;) {
    const path = shortestPath(arcs, leaving, source, sink);
    if (path === undefined) return reaching(arcs, leaving, sink);
    const flow = Math.min(...path.map((arc) => arcs[arc]!.rest));
    if (flow === Infinity) return undefined;
    for (const arc of path) {
      arcs[arc]!.rest -= flow;
      arcs[arcs[arc]!.reverse]!.rest += flow;
    }
  }
}

function shortestPath(
  arcs: readonly Arc[],
  leaving: readonly (readonly number[])[],
  source: number,
  sink: number,
): readonly number[] | undefined {
  const cameBy = new Map<number, number>();
  const queue = [source];
  for (const vertex of queue) {
    for (const arc of leaving[vertex]!) {
      const { to, rest } = arcs[arc]!;
      if (rest === 0 || to === source || cameBy.has(to)) continue;
      cameBy.set(to, arc);
      if (to === sink) return pathTo(arcs, cameBy, source, sink);
      queue.push(to);
    }
  }
  return undefined;
}

function pathTo(
  arcs: readonly Arc[],
  cameBy: ReadonlyMap<number, number>,
  source: number,
  sink: number,
): readonly number[] {
  const path: number[] = [];
  for (let vertex = sink; vertex !== source; ) {
    const arc = cameBy.get(vertex)!;
    path.push(arc);
    vertex = arcs[arcs[arc]!.reverse]!.to;
  }
  return path;
}

/** Vertices from which the sink can still be reached. */
function reaching(
  arcs: readonly Arc[],
  leaving: readonly (readonly number[])[],
  sink: number,
): ReadonlySet<number> {
  const reached = new Set([sink]);
  for (const vertex of reached) {
    for (const arc of leaving[vertex]!) {
      const { to, reverse } = arcs[arc]!;
      if (arcs[reverse]!.rest > 0) reached.add(to);
    }
  }
  return reached;
}
