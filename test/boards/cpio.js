/**
 * Archives that the kernel unpacks into its first root file system: cpio's "newc" format (Documentation/driver-api/
 * early-userspace/buffer-format.rst). Several of them may follow one another.
 *
 * @typedef {{ path: string, content: Uint8Array, isExecutable?: boolean, isSecret?: boolean }} File
 * @typedef {{ path: string, linkTo: string }} Link
 * @typedef {{ path: string }} Folder
 */

const fileType = { file: 0o100000, link: 0o120000, folder: 0o040000 };

/**
 * Paths have no leading slash; a folder comes before what is in it.
 *
 * @param {readonly (File | Link | Folder)[]} entries
 */
export function cpioArchive(entries) {
  const parts = entries.flatMap((entry, index) => {
    if ("content" in entry) {
      const permissions =
        entry.isExecutable === true ? 0o755 : entry.isSecret === true ? 0o600 : 0o644;
      return member(index + 1, entry.path, fileType.file | permissions, entry.content);
    }
    if ("linkTo" in entry) {
      return member(index + 1, entry.path, fileType.link | 0o777, Buffer.from(entry.linkTo));
    }
    return member(index + 1, entry.path, fileType.folder | 0o755, new Uint8Array());
  });
  return Buffer.concat([...parts, ...member(0, "TRAILER!!!", 0, new Uint8Array())]);
}

/**
 * @param {number} inode
 * @param {string} path
 * @param {number} mode
 * @param {Uint8Array} content
 */
function member(inode, path, mode, content) {
  const name = Buffer.from(`${path}\0`);
  const [owner, group, time, device] = [0, 0, 0, 0];
  const links = 1;
  const fields = [inode, mode, owner, group, links, time, content.length, device, device, device, device]; // prettier-ignore
  const header = [...fields, name.length, 0].map((field) => field.toString(16).padStart(8, "0"));
  const start = Buffer.concat([Buffer.from(`070701${header.join("")}`), name]);
  return [start, padding(start.length), content, padding(content.length)];
}

/** Up to the next multiple of four. */
function padding(/** @type {number} */ length) {
  return Buffer.alloc(-length & 3);
}
