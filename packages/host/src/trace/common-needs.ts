/** What programs commonly ask of a kernel, beside tracepoints: it is recorded of every target. */

/** Structures whose members are read. */
export const commonStructures: readonly string[] = words(`
  task_struct mm_struct signal_struct sighand_struct cred pid pid_namespace nsproxy uts_namespace css_set cgroup kernfs_node
  linux_binprm vm_area_struct vm_fault pt_regs kernel_siginfo task_group sched_entity cfs_rq rq timespec64 rusage
  file inode dentry path qstr super_block vfsmount mount file_system_type address_space filename open_how kiocb iov_iter iovec
  dir_context kstat iattr seq_file page folio
  sock sock_common inet_sock inet_connection_sock tcp_sock udp_sock unix_sock socket sk_buff net net_device
  iphdr ipv6hdr tcphdr udphdr in6_addr sockaddr sockaddr_in sockaddr_in6 sockaddr_un msghdr
  request request_queue gendisk block_device bio bvec_iter bio_vec
  work_struct hrtimer timer_list irqaction irq_desc softirq_action list_head hlist_node rcu_head
  device device_driver bus_type kobject module i2c_adapter i2c_msg i2c_client i2c_algorithm spi_device spi_message spi_transfer
  spi_controller regmap gpio_desc mmc_host mmc_request mmc_command usb_device urb tty_struct platform_device
  bpf_prog bpf_map perf_event`);

/** Functions that are traced. */
export const commonFunctions: readonly string[] = words(`
  do_sys_open do_sys_openat2 do_filp_open path_openat filp_close vfs_open vfs_read vfs_write vfs_readv vfs_writev vfs_fsync
  vfs_fsync_range vfs_create vfs_unlink vfs_rename vfs_mkdir vfs_rmdir vfs_statx vfs_getattr vfs_truncate vfs_symlink vfs_link
  do_unlinkat do_renameat2 lookup_fast d_lookup link_path_walk security_file_open security_inode_unlink cap_capable
  generic_file_read_iter generic_perform_write filemap_fault path_mount path_umount do_mount
  kernel_clone _do_fork wake_up_new_task do_exit do_group_exit begin_new_exec bprm_execve do_execveat_common kernel_wait4
  do_send_sig_info send_signal_locked __send_signal_locked do_coredump ptrace_attach commit_creds load_module do_init_module
  schedule finish_task_switch try_to_wake_up wake_up_process ttwu_do_wakeup do_nanosleep hrtimer_nanosleep
  hrtimer_start_range_ns do_futex futex_wait mutex_lock
  handle_mm_fault do_user_addr_fault do_page_fault do_mmap do_munmap do_brk_flags oom_kill_process out_of_memory
  try_to_free_pages shrink_node __alloc_pages kfree kmem_cache_alloc kmem_cache_free vmalloc vfree
  tcp_v4_connect tcp_v6_connect tcp_connect tcp_close tcp_sendmsg tcp_recvmsg tcp_cleanup_rbuf tcp_set_state
  tcp_retransmit_skb tcp_drop tcp_rcv_established tcp_rcv_state_process tcp_v4_do_rcv tcp_finish_connect inet_csk_accept
  inet_bind inet6_bind inet_listen udp_sendmsg udp_recvmsg udpv6_sendmsg ip_rcv ip_output ip_local_out ip_queue_xmit
  __dev_queue_xmit dev_hard_start_xmit netif_receive_skb __netif_receive_skb_core kfree_skb kfree_skb_reason consume_skb
  sock_sendmsg sock_recvmsg sk_free unix_stream_sendmsg unix_stream_recvmsg
  submit_bio submit_bio_noacct bio_endio blk_mq_start_request blk_mq_end_request blk_account_io_start blk_account_io_done
  __blk_account_io_start __blk_account_io_done blk_mq_complete_request
  handle_irq_event_percpu __do_softirq tasklet_action process_one_work queue_work_on __queue_work
  i2c_transfer __i2c_transfer i2c_smbus_xfer __i2c_smbus_xfer spi_sync spi_async __spi_sync regmap_read regmap_write
  regmap_update_bits_base gpiod_set_value gpiod_get_value mmc_start_request mmc_request_done usb_submit_urb
  usb_hcd_giveback_urb tty_write uart_write clk_prepare clk_enable regulator_enable`);

/** How the names of functions begin that are traced many at a time, by wildcard. */
export const commonPrefixes: readonly string[] = words(`
  vfs_ do_ ksys_ sys_ __x64_sys_ __arm64_sys_ tcp_ udp_ ip_ blk_ bio_ i2c_ spi_ kfree schedule`);

/** Tracepoints whose arguments are read by name, as raw tracepoints: all of these categories. */
export const commonCategories: ReadonlySet<string> = new Set(
  words(`
  block exceptions gpio i2c irq kmem mmc module napi net oom power raw_syscalls regmap regulator rpm sched signal skb smbus
  sock spi task tcp timer udp workqueue`),
);

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
