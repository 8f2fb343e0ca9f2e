// A mounted image run as a container would run it: unshare for the namespaces, chroot for the root file system.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

export interface Image {
  /** Where its root file system is mounted. */
  readonly path: string;
  readonly config: {
    readonly Env: readonly string[];
    readonly Entrypoint: readonly string[];
    readonly User: string;
    readonly WorkingDir: string;
    readonly Healthcheck?: { readonly Test: readonly string[] };
  };
}

export interface Options {
  /** Words after the entry point, as after the image's name in `docker run`. */
  readonly args?: readonly string[];
  readonly readOnly?: boolean;
  /** Files that nothing in the container can run or read. */
  readonly hidden?: readonly string[];
}

export interface Container extends AsyncDisposable {
  /** The body of a page, as soon as there is one. */
  page(path: string): Promise<string>;
  /** Runs a command beside PID 1, as `docker exec` does. */
  execute(command: readonly string[]): { readonly code: number | null; readonly output: string };
  /** The user of every process in the container. */
  users(): number[];
  /** Sends SIGTERM to PID 1 and returns its exit code; null where a signal ended it. */
  stop(): Promise<number | null>;
}

const PATIENCE = 30_000;

// What an engine mounts: /proc, a /dev with the harmless devices and a writable /dev/shm.
const MOUNTS = `
  set -eu
  root=$1 mode=$2 hidden=$3; shift 3
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755 tmpfs "$root/dev"
  for device in null zero random urandom; do
    : > "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  ln -s /proc/self/fd "$root/dev/fd"
  mkdir -m 1777 "$root/dev/shm"
  for file in $hidden; do [ ! -e "$root$file" ] || mount --bind /dev/null "$(readlink -f "$root$file")"; done
  [ "$mode" = rw ] || mount -o remount,bind,ro "$root"
  exec "$@"`;

export async function startContainer(image: Image, options: Options = {}): Promise<Container> {
  const port = await freePort();
  const first = inside(image, port, [...image.config.Entrypoint, ...(options.args ?? [])]);
  const mode = options.readOnly === true ? 'ro' : 'rw';
  const mounts = ['sh', '-c', MOUNTS, 'sh', image.path, mode, (options.hidden ?? []).join(' '), ...first];
  const child = spawn('unshare', ['--mount', '--pid', '--fork', '--', ...mounts]);
  const exited = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));

  async function page(path: string): Promise<string> {
    const deadline = performance.now() + PATIENCE;
    for (;;) {
      try {
        // Without a connection that is kept, for which Gunicorn would wait when it stops.
        const reply = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
        return await reply.text();
      } catch (error) {
        const gone = child.exitCode !== null;
        if (gone || performance.now() > deadline)
          throw new Error(`no page; it said:\n${output}`, { cause: error });
        await pause(100);
      }
    }
  }

  function execute(command: readonly string[]): { readonly code: number | null; readonly output: string } {
    const target = [
      '--target',
      String(initOf(child)),
      '--mount',
      '--pid',
      '--',
      ...inside(image, port, command),
    ];
    const { status, stdout, stderr } = spawnSync('nsenter', target, { encoding: 'utf8' });
    return { code: status, output: stdout + stderr };
  }

  let namespace: string | undefined;
  function users(): number[] {
    namespace ??= readlinkSync(`/proc/${initOf(child)}/ns/pid`);
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? userIn(namespace, name) : []));
  }

  async function stop(): Promise<number | null> {
    process.kill(initOf(child), 'SIGTERM');
    await exited;
    return child.exitCode;
  }

  async function dispose(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    // The end of PID 1 is the end of its namespace; unshare cannot pass a signal on to another user's process.
    process.kill(initOf(child), 'SIGKILL');
    await exited;
  }

  return { page, execute, users, stop, [Symbol.asyncDispose]: dispose };
}

/** The command line that changes root, user, directory and environment to the image's. */
function inside(image: Image, port: number, command: readonly string[]): string[] {
  const { Env, User, WorkingDir } = image.config;
  const environment = [...Env, 'HOME=/django', `PORT=${port}`];
  const change = ['chroot', `--userspec=${User}`, '--groups=', image.path];
  return [...change, '/usr/bin/env', '-i', `--chdir=${WorkingDir}`, ...environment, ...command];
}

/** unshare's only child is PID 1 of the new namespace. */
function initOf(unshare: ChildProcess): number {
  const children = readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8').trim();
  return Number(children.split(' ')[0]);
}

function userIn(namespace: string | undefined, pid: string): number[] {
  try {
    if (readlinkSync(`/proc/${pid}/ns/pid`) !== namespace) return [];
    const uid = /^Uid:\t\d+\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return [Number(uid)];
  } catch {
    return []; // it has just ended
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
