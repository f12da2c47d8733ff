/** Members that lead from a task to the files of its memory: include/linux/sched.h, mm_types.h and fs.h. */
export const unwindMembers = {
  taskMemory: ["task_struct", "mm"],
  mappingStart: ["vm_area_struct", "vm_start"],
  mappingEnd: ["vm_area_struct", "vm_end"],
  /** In pages of the file. */
  mappingPage: ["vm_area_struct", "vm_pgoff"],
  mappingFile: ["vm_area_struct", "vm_file"],
  fileInode: ["file", "f_inode"],
  inodeNumber: ["inode", "i_ino"],
  inodeSize: ["inode", "i_size"],
} as const;
