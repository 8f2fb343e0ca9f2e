// Who is at the other end of a connection, and what that lets them do.
// Law: a caller that nothing is known about may use the open endpoints and nothing else.

/** What a route asks of its caller; each level includes the ones before it. */
export type Access = 'open' | 'metrics' | 'read' | 'admin';

/** The other end of a connection; `uid` undefined: the kernel would not say. */
export type Peer =
  | { readonly transport: 'unix'; readonly uid: number | undefined }
  | { readonly transport: 'tcp'; readonly address: string };

const rank: Readonly<Record<Access, number>> = { open: 0, metrics: 1, read: 2, admin: 3 };

/** What the daemon's owner has settled about callers. */
export interface AccessRules {
  /** The daemon's own uid. */
  readonly ownUid: number;
  /** What anybody on the network may use. */
  readonly network: 'open' | 'metrics';
}

/** Root and the daemon's own user may do everything on the unix socket, other users may look. */
function granted(peer: Peer, { ownUid, network }: AccessRules): Access {
  if (peer.transport === 'tcp') return network;
  if (peer.uid === undefined) return 'open';
  return peer.uid === 0 || peer.uid === ownUid ? 'admin' : 'read';
}

export function mayUse(access: Access, peer: Peer, rules: AccessRules): boolean {
  return rank[granted(peer, rules)] >= rank[access];
}
