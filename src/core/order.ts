// Which services a request touches and in which order, as data for a change's tasks. Law: steps never wait in a circle, and
// services that no `requires`, `after` or `before` links never wait for each other.
import { components, connect, createGraph, inOrder, reach, reversed } from './graph.ts';
import type { Graph } from './graph.ts';
import type { Plan } from './plan.ts';
import { ok, refuse } from './result.ts';
import type { Result } from './result.ts';

export interface Step {
  readonly name: string;
  /** Services that require one another, however far apart, share a number; counted from 1. */
  readonly lane: number;
  /** Steps that must be done before this one; where one fails, this is held. */
  readonly needs: readonly string[];
  /** Steps that must be over before this one, whatever came of them. */
  readonly follows: readonly string[];
}

/** The services and all they require, sorted. */
export function startClosure(plan: Plan, names: readonly string[]): Result<string[]> {
  return closure(plan, names, requirements(plan));
}

/** The services and all that require them, sorted. */
export function stopClosure(plan: Plan, names: readonly string[]): Result<string[]> {
  return closure(plan, names, reversed(requirements(plan)));
}

function closure(plan: Plan, names: readonly string[], graph: Graph): Result<string[]> {
  const unknown = names.find((name) => !plan.services.has(name));
  if (unknown !== undefined) return refuse('bad-request', `service "${unknown}" does not exist`);
  return ok([...reach(graph, names)].toSorted());
}

/** From each service to those it requires. */
function requirements(plan: Plan): Graph {
  const graph = createGraph(plan.services.keys());
  for (const { name, requires } of plan.services.values()) {
    for (const other of requires) connect(graph, name, other);
  }
  return graph;
}

/**
 * Starting these services, in an order that can be followed one by one, ties by name. What one requires comes first and
 * must be up, unless before/after say otherwise or services require each other in a circle.
 */
export function startSteps(plan: Plan, names: readonly string[]): readonly Step[] {
  const { needs, waits, lanes } = arrange(plan, names);
  return withLanes(inOrder(reversed(waits)), lanes, (name) => {
    const needed = needs.get(name) ?? new Set();
    return {
      needs: [...needed],
      follows: [...(waits.get(name) ?? [])].filter((other) => !needed.has(other)),
    };
  });
}

/** Stopping them: the other way round. A stop that fails holds nothing up. */
export function stopSteps(plan: Plan, names: readonly string[]): readonly Step[] {
  const { waits, lanes } = arrange(plan, names);
  const follows = reversed(waits);
  return withLanes(inOrder(waits), lanes, (name) => ({ needs: [], follows: [...(follows.get(name) ?? [])] }));
}

interface Arrangement {
  /** From each service to those it requires, where that gives an order. */
  readonly needs: Graph;
  /** From each service to those it comes after, for whatever reason. No loops. */
  readonly waits: Graph;
  /** Services linked by `requires`. */
  readonly lanes: readonly (readonly string[])[];
}

function arrange(plan: Plan, names: readonly string[]): Arrangement {
  const waits = createGraph(names);
  const wanted = createGraph(names);
  const linked = createGraph(names);
  for (const name of waits.keys()) {
    const service = plan.services.get(name);
    for (const other of service?.after ?? []) connect(waits, name, other);
    for (const other of service?.before ?? []) if (waits.has(other)) connect(waits, other, name);
    for (const other of service?.requires ?? []) {
      connect(wanted, name, other);
      if (linked.has(other)) connect(linked, other, name);
      connect(linked, name, other);
    }
  }

  const circles = new Map<string, number>();
  const all = createGraph(names);
  for (const graph of [waits, wanted]) addAll(all, graph);
  for (const [index, group] of components(all).entries()) for (const name of group) circles.set(name, index);

  const needs = createGraph(names);
  for (const [name, others] of wanted) {
    for (const other of others) {
      // Within a circle of wishes before/after alone decide; they have no loop, so what is left has none.
      const ordered = circles.get(name) !== circles.get(other) || waits.get(name)?.has(other);
      if (ordered) connect(needs, name, other);
    }
  }
  // Whatever comes after a task, for whatever reason, needs it done.
  for (const [name, others] of waits)
    for (const other of others) if (plan.services.get(other)?.type === 'task') connect(needs, name, other);
  addAll(waits, needs);
  return { needs, waits, lanes: components(linked) };
}

function addAll(to: Graph, from: Graph): void {
  for (const [name, others] of from) for (const other of others) connect(to, name, other);
}

/** Lanes are numbered as they first come up. */
function withLanes(
  order: readonly string[],
  lanes: readonly (readonly string[])[],
  waitsOf: (name: string) => Pick<Step, 'needs' | 'follows'>,
): readonly Step[] {
  const laneOf = new Map(lanes.flatMap((group) => group.map((name) => [name, group] as const)));
  const numbers = new Map<readonly string[], number>();
  return order.map((name) => {
    const group = laneOf.get(name) ?? [name];
    const lane = numbers.get(group) ?? numbers.size + 1;
    numbers.set(group, lane);
    const { needs, follows } = waitsOf(name);
    return { name, lane, needs: needs.toSorted(), follows: follows.toSorted() };
  });
}
