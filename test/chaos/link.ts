// The way from one replica to the engine: its own network namespace with a veth pair, and at our end of that a proxy.
// Law: what is held back is delivered late, in order, or the connection is broken; no stream ever has a hole.
import { execFileSync, spawnSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { until } from '../support/rig.ts';

/**
 * `pass`; `hold`: nothing gets through, either way, until later; `hold-replies`: requests arrive, answers come later;
 * `slow`: each piece takes up to `slowest` ms; `refuse`: connections are reset, new ones too.
 */
export type LinkMode = 'pass' | 'hold' | 'hold-replies' | 'slow' | 'refuse';

export interface Link extends AsyncDisposable {
  /** Words in front of a command that is to run in the namespace. */
  readonly prefix: readonly [string, ...string[]];
  /** Where the engine is, as the replica sees it. */
  readonly host: string;
  readonly port: number;
  set(mode: LinkMode): void;
  /** To another port on loopback from now on; what is connected to the one before is broken. */
  redirect(target: number): void;
  /** The cable: false takes it out, and not even resets get through. */
  plug(wanted: boolean): void;
  /** Resolves once a connection gets through: the kernel may take up to a second to find the other end of a cable again (ARP). */
  through(): Promise<void>;
}

const slowest = 600;

/** Why there are no networks of our own here; undefined where there are. */
export function networkMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, to make network namespaces';
  const name = `djsup-${process.pid}-try`;
  const tried = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  if (tried.status !== 0)
    return `no network namespace can be made here: ${(tried.stderr ?? String(tried.error)).trim()}`;
  ip('netns', 'del', name);
  return undefined;
}

/** The address of our end of a link: one /30 a link, of a range that is meant for such things: RFC 2544, 198.18.0.0/15. */
export function hostOf(index: number): string {
  return addressOf(index, 1);
}

function addressOf(index: number, last: number): string {
  return `198.18.${process.pid % 250}.${(index % 60) * 4 + last}`;
}

/** `index`: from 1 on, one for each link of this process. `target`: the engine's port on loopback; undefined: it has none. */
export async function openLink(index: number, target: number | undefined): Promise<Link> {
  const name = `djsup-${process.pid}-${index}`;
  const [ours, theirs] = [`dj${process.pid}h${index}`, `dj${process.pid}r${index}`].map((word) =>
    word.slice(-15),
  ) as [string, string];
  const host = hostOf(index);
  using made = new DisposableStack();
  ip('netns', 'add', name);
  made.defer(() => ip('netns', 'del', name));
  ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', name);
  // The kernel takes its time to remove what lies in a namespace, and the names may be wanted again.
  made.defer(() => ip('link', 'del', ours));
  ip('addr', 'add', `${host}/30`, 'dev', ours);
  ip('link', 'set', ours, 'up');
  ip('-n', name, 'addr', 'add', `${addressOf(index, 2)}/30`, 'dev', theirs);
  ip('-n', name, 'link', 'set', theirs, 'up');
  ip('-n', name, 'link', 'set', 'lo', 'up');
  const proxy = target === undefined ? undefined : await startProxy(host, target);
  const kept = made.move();
  const remove = (): void => kept.dispose();
  process.once('exit', remove);
  return {
    prefix: ['nsenter', `--net=/run/netns/${name}`],
    host,
    port: proxy?.port ?? 0,
    set: (mode) => proxy?.set(mode),
    redirect: (port) => proxy?.redirect(port),
    plug: (wanted) => ip('link', 'set', ours, wanted ? 'up' : 'down'),
    async through() {
      const dial = `import socket; socket.create_connection(("${host}", ${proxy?.port ?? 0}), 0.1)`;
      const words = ['netns', 'exec', name, 'python3', '-S', '-E', '-c', dial];
      await until('the cable is found again', () => spawnSync('ip', words, { stdio: 'ignore' }).status === 0);
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', remove);
      await proxy?.close();
      remove();
    },
  };
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
}

async function startProxy(
  host: string,
  target: number,
): Promise<{
  readonly port: number;
  set(mode: LinkMode): void;
  redirect(target: number): void;
  close(): Promise<void>;
}> {
  let goal = target;
  const ends = new Set<() => void>();
  const wakes = new Set<() => void>();
  let mode: LinkMode = 'pass';

  function isHeld(isReply: boolean): boolean {
    return mode === 'hold' || (mode === 'hold-replies' && isReply);
  }

  /** Carries bytes over, one piece after the other. */
  async function carry(from: Socket, to: Socket, isReply: boolean): Promise<void> {
    for await (const piece of from) {
      if (mode === 'slow') await new Promise((resolve) => setTimeout(resolve, Math.random() * slowest));
      while (isHeld(isReply)) await new Promise<void>((resolve) => wakes.add(resolve));
      if (!to.write(piece as Buffer))
        await new Promise((resolve) => to.once('drain', resolve).once('close', resolve));
    }
    to.end();
  }

  const server: Server = createServer((client) => {
    if (mode === 'refuse') return void client.resetAndDestroy();
    const engine = connect(goal, '127.0.0.1');
    const end = (): void => {
      ends.delete(end);
      client.resetAndDestroy();
      engine.destroy();
    };
    ends.add(end);
    for (const socket of [client, engine]) socket.setNoDelay(true).on('error', end).on('close', end);
    for (const way of [carry(client, engine, false), carry(engine, client, true)]) way.catch(end);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    set(wanted) {
      mode = wanted;
      if (mode === 'refuse') for (const end of ends) end();
      for (const wake of wakes) wake();
      wakes.clear();
    },
    redirect(wanted) {
      goal = wanted;
      for (const end of ends) end();
    },
    async close() {
      mode = 'refuse';
      for (const end of ends) end();
      for (const wake of wakes) wake();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
