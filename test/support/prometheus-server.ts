// Prometheus and promtool, from PATH or as a private copy of Debian's package, and a Prometheus that scrapes a test's targets.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import type { ExecFileSyncOptions } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { root, until } from './rig.ts';

const cached = join(root, 'node_modules/.cache/prometheus');

/** The directory that holds `prometheus` and `promtool`, or why there is none. */
export function findPrometheus(): { readonly directory: string } | { readonly reason: string } {
  const places = [...(process.env['PATH'] ?? '').split(':'), join(cached, 'usr/bin')];
  const found = places.find((place) =>
    ['prometheus', 'promtool'].every((name) => existsSync(join(place, name))),
  );
  if (found !== undefined) return { directory: found };
  const wanted = (process.env['CI'] ?? '') !== '' || process.env['DJSUP_INSTALL'] === '1';
  if (!wanted || process.getuid?.() !== 0) {
    return {
      reason: 'there is no Prometheus here: install Debian\'s "prometheus", or set DJSUP_INSTALL=1 as root',
    };
  }
  const work = mkdtempSync(join(tmpdir(), 'djsup-prometheus-'));
  try {
    const quiet: ExecFileSyncOptions = { cwd: work, stdio: ['ignore', 'ignore', 'pipe'], timeout: 240_000 };
    // Unpacked and not installed: the package would start a service of the system.
    try {
      execFileSync('apt-get', ['download', 'prometheus'], quiet);
    } catch {
      // The lists of packages may be old or missing.
      execFileSync('apt-get', ['update'], quiet);
      execFileSync('apt-get', ['download', 'prometheus'], quiet);
    }
    const archive = readdirSync(work).find((name) => name.endsWith('.deb'));
    mkdirSync(join(cached, '..'), { recursive: true });
    const fresh = mkdtempSync(`${cached}-`);
    execFileSync('dpkg-deb', ['--extract', archive ?? '', fresh], quiet);
    try {
      renameSync(fresh, cached);
    } catch {
      // Another test file was quicker.
      rmSync(fresh, { recursive: true });
    }
    return { directory: join(cached, 'usr/bin') };
  } catch (error) {
    return { reason: `Debian's package "prometheus" cannot be had: ${String(error)}` };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What promtool says, both outputs, with its exit code. */
export function promtool(
  directory: string,
  words: readonly string[],
  input = '',
): { readonly code: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(join(directory, 'promtool'), words, {
    input,
    encoding: 'utf8',
  });
  return { code: status, said: `${stdout}${stderr}` };
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus extends AsyncDisposable {
  /** An instant query; throws where Prometheus refuses the expression. */
  query(expression: string): Promise<readonly Sample[]>;
  /** As `label_values(series, label)` in Grafana. */
  labelValues(label: string, series: string): Promise<readonly string[]>;
}

/** Starts one in a directory and on a port of its own, with this configuration (JSON is YAML), and waits until it answers. */
export async function startPrometheus(directory: string, config: unknown): Promise<Prometheus> {
  const work = mkdtempSync(join(tmpdir(), 'djsup-prometheus-'));
  writeFileSync(join(work, 'prometheus.yml'), JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    join(directory, 'prometheus'),
    [
      `--config.file=${join(work, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(work, 'data')}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise((resolve) => child.once('exit', resolve));

  async function ask<T>(path: string, query: Readonly<Record<string, string>>): Promise<T> {
    const response = await fetch(`http://${address}/api/v1/${path}?${new URLSearchParams(query).toString()}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success')
      throw new Error(`${query['query'] ?? path}: ${answer.error ?? 'refused'}`);
    return answer.data;
  }

  const prometheus: Prometheus = {
    async query(expression) {
      const { result } = await ask<{
        readonly result: readonly { metric: Readonly<Record<string, string>>; value: [number, string] }[];
      }>('query', { query: expression });
      return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
    },
    labelValues: (label, series) => ask(`label/${label}/values`, { 'match[]': series }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      rmSync(work, { recursive: true, force: true });
    },
  };
  try {
    await until('Prometheus is ready', () => {
      if (child.exitCode !== null) throw new Error(`Prometheus has ended; it said:\n${stderr}`);
      return fetch(`http://${address}/-/ready`)
        .then((response) => response.ok)
        .catch(() => false);
    });
  } catch (error) {
    await prometheus[Symbol.asyncDispose]();
    throw error;
  }
  return prometheus;
}
