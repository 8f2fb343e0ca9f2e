// The network to an engine as a test wants it: a TCP proxy that loses replies, stalls or cuts.
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** `pass`; `lose-replies`: changes arrive, their answers do not; `stall`: nothing gets through. */
  mode: 'pass' | 'lose-replies' | 'stall';
  /** Breaks all connections. */
  cut(): void;
  /** Open ones. */
  connections(): number;
}

/** `before`: how many requests come before the one that changes something, whose answers are not lost. */
export async function startProxy(target: number, before = 0): Promise<Proxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((client) => {
    const engine = connect(target, '127.0.0.1');
    let lost = 0;
    const pair = [client, engine] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      engine.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end);
    client.on('data', (bytes) => {
      lost = proxy.mode === 'lose-replies' ? lost + 1 : 0;
      if (proxy.mode !== 'stall') engine.write(bytes);
    });
    engine.on('data', (bytes) => {
      if (lost <= before && proxy.mode !== 'stall') client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: Proxy = {
    port: (server.address() as AddressInfo).port,
    mode: 'pass',
    cut() {
      for (const [client, engine] of pairs) {
        client.destroy();
        engine.destroy();
      }
    },
    connections: () => pairs.size,
    async [Symbol.asyncDispose]() {
      proxy.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
