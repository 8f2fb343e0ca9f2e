// Who is at the other end of a connection, and what that lets them do.
// Law: a caller that nothing is known about may use the open endpoints and nothing else.

/** What a route asks of its caller; each level includes the ones before it. */
export type Access = 'open' | 'read' | 'admin';

/** The other end of a connection; `uid` undefined: the kernel would not say. */
export type Peer =
  | { readonly transport: 'unix'; readonly uid: number | undefined }
  | { readonly transport: 'tcp'; readonly address: string };

const rank: Readonly<Record<Access, number>> = { open: 0, read: 1, admin: 2 };

/** Root and the daemon's own user may do everything on the unix socket, other users may look; TCP gets the open endpoints. */
function granted(peer: Peer, ownUid: number): Access {
  if (peer.transport === 'tcp' || peer.uid === undefined) return 'open';
  return peer.uid === 0 || peer.uid === ownUid ? 'admin' : 'read';
}

export function mayUse(access: Access, peer: Peer, ownUid: number): boolean {
  return rank[granted(peer, ownUid)] >= rank[access];
}
