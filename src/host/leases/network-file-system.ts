// File systems that several hosts may use at a time, by the magic number that statfs(2) tells.

const magic: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x00c36400, 'CephFS'],
  [0x65735546, 'FUSE'],
  [0x6a656a63, 'virtiofs'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x20030528, 'OrangeFS'],
  [0xaad7aaea, 'PanFS'],
  [0x786f4256, 'a folder shared by VirtualBox'],
  [0xbacbacbc, 'a folder shared by VMware'],
]);

/** Its name; undefined where the file system is this host's own. */
export function networkFileSystem(type: number): string | undefined {
  // The number may come sign-extended.
  return magic.get(Number(BigInt.asUintN(32, BigInt(type))));
}
