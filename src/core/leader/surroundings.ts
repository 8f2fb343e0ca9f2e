// What a replica sees around it before an engine is chosen, and where Kubernetes is.

/** What djsup finds out about its surroundings before it chooses. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
  /** Where djsup keeps its state. */
  readonly stateDirectory: string;
  /** Undefined: no service account of Kubernetes is mounted. */
  readonly pod: PodFacts | undefined;
}

export interface PodFacts {
  readonly namespace: string;
  readonly tokenFile: string;
  readonly caFile: string;
  /** `refused`: Kubernetes answered that a right is missing. */
  readonly access:
    | { readonly kind: 'allowed' }
    | { readonly kind: 'refused'; readonly reason: string }
    | { readonly kind: 'unknown'; readonly reason: string };
}

/** Where a pod reaches the API; undefined outside Kubernetes. */
export function kubernetesServer(environment: Surroundings['environment']): string | undefined {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port =
    environment['KUBERNETES_SERVICE_PORT_HTTPS'] ?? environment['KUBERNETES_SERVICE_PORT'] ?? '443';
  if (host === undefined || host === '') return undefined;
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
