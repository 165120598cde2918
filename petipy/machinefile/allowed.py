"""Lists of what a captured text keeps: anything else is blanked.

The lists are for all formats. A name that two formats share has the meaning that keeps less. The
commands of a language are not here: its Format has them.
"""

# Statements whose words all stay: titles and other names, numbers, places, the screen.
PLAIN_STATEMENTS = frozenset(
    """
    uki-url extra preferred iftitle color help endtext inc boot_counter path findroot increment
    decrement defaultauto label title name menuentry submenu hiddenentry section item menu goto
    default fallback saved timeout totaltimeout prompt implicit noescape
    include initrd initrd16 initrdefi ramdisk fdt fdtdir fdtoverlays fdtoverlay dtb dtbdir
    devicetree devicetreedir devicetree-overlay sort-key version machine-id architecture index
    profile efi uki search insmod rmmod terminal terminal_input terminal_output terminfo serial
    loadfont background_image background_color gfxmode root rootnoverify uuid findiso find map
    export unset save_env load_env function return break continue normal_exit hiddenmenu
    savedefault sysappend ipappend localboot kaslrseed grub_users grub_hotkey grub_class
    id id_like pretty_name version_id version_codename variant variant_id image_id
    image_version build_id codename vendor_name alias append-before optional delay partition
    device install lba32 vga read-only read-write restricted lock other table target
    targetbase targettype targetgeometry targetblocksize targetoffset secure segment dumpto
    dumptofs mvdump tape defaultmenu defaultboot parmfile video modules bootfs ifopen ifclose
    ifconf dhcp ifstat ifup isset clear choose read colour cpair console params imgfree
    imgselect imgstat imgtrust imgverify autoboot exit reboot poweroff halt shell nap sleep
    console-mode editor auto-entries auto-firmware auto-reboot auto-poweroff beep
    reboot-for-bitlocker saved_entry prev_saved_entry next_entry boot_once boot_success
    boot_indeterminate menu_auto_hide menu_show_once menu_hide_ok env_block parent extract
    default_kernel cmdpath superusers net_bootp net_dhcp true false date parttool partprobe
    probe
    """.split()  # noqa: SIM905
)

# Statements with the name of a file first, and further words or a command line after it.
FILE_STATEMENTS = frozenset(
    """
    linux linux16 linuxefi kernel image module module2 multiboot multiboot2 xen_hypervisor
    xen_module chainloader chain source configfile extract_entries_configfile
    extract_entries_source normal legacy_configfile syslinux_configfile loopback com32 config ui
    bss pxe fdi imgargs imgfetch imgexec imgload sanboot sanhook sanunhook devicetree_upstream
    kernelopt message display cat ls boot background password_file literal-file f1 f2 f3 f4 f5 f6 f7
    f8 f9 f10 f11 f12
    """.split()  # noqa: SIM905
)

# Statements with a command line, or with words of which each is looked at by itself.
WORD_STATEMENTS = frozenset(
    """
    append addappend literal parameters args options kernelopts kernelopt cmdline set let if
    test [ for regexp eval iseq uppermem setparams color setup text grub_arg boot_args ramdisk_size
    initrd-size sysmap begin end passwd save start hide separator endtext
    """.split()  # noqa: SIM905
)

# Variables of GRUB and of iPXE whose values stay. Of others only paths, devices, flags and numbers
# stay, and what stands openly elsewhere.
PLAIN_VARIABLES = frozenset(
    """
    root default fallback timeout timeout_style gfxmode gfxpayload linux_gfx_mode lang
    color_normal color_highlight menu_color_normal menu_color_highlight superusers pager chosen
    saved_entry prev_saved_entry next_entry boot_once boot_success boot_indeterminate
    menu_auto_hide menu_show_once menuentry_id_option env_block grub_platform grub_cpu debug
    gatewayinterface net_default_ip net_default_mac net_default_server net_default_interface
    pxe_default_server btrfs_relative_path btrfs_subvol check_signatures cmdpath biosnum
    default_kernel blsdir blsuki_save_default menu menu-default menu-timeout next-server
    filename arch cpuid platform iso isofile iso_path isoname loopback feature_timeout_style
    rootuuid bootuuid boot_hd system profile
    """.split()  # noqa: SIM905
)

# Variables that no statement sets: those of GRUB itself, of entries for GRUB, of zipl.
OTHER_VARIABLES = frozenset(
    """
    kernelopts tuned_params tuned_initrd early_initrd grub_users grub_class grub_arg id
    config_file config_directory pkgdatadir feature_menuentry_id feature_default_font_path
    feature_all_video_module feature_platform_search_hint feature_ntldr feature_chainloader_bpb
    feature_200_final feature_nativedisk_cmd devicetree bootdev vt_handoff prefix theme font
    locale_dir
    """.split()  # noqa: SIM905
)

# Parameters of the kernel, of initrds and of installers whose values stay.
PARAMETERS = frozenset(
    """
    uuid label partuuid partlabel root rootfstype rootdelay rootwait resume resume_offset init
    rdinit initrd dtb boot_image console earlycon loglevel vga video fbcon panic crashkernel mem
    memmap maxcpus nr_cpus numa hugepages hugepagesz default_hugepagesz isolcpus nohz_full
    rcu_nocbs cgroup_disable systemd.unit systemd.machine_id systemd.show_status
    systemd.unified_cgroup_hierarchy systemd.gpt_auto systemd.log_level systemd.log_target
    systemd.volatile systemd.verity systemd.verity_root_data systemd.verity_root_hash
    systemd.debug_shell rd.luks rd.luks.uuid rd.luks.name rd.luks.crypttab rd.lvm rd.lvm.lv
    rd.lvm.vg rd.lvm.snapshot rd.md rd.md.uuid rd.md.conf rd.dm rd.dm.uuid rd.multipath rd.znet
    rd.dasd rd.zfcp rd.zipl rd.break rd.debug rd.shell rd.driver.blacklist rd.driver.pre
    rd.driver.post rd.systemd.unit rd.retry rd.timeout rd.live.image rd.live.dir rd.live.ram
    rd.live.overlay rd.live.overlay.size rd.live.squashimg rd.live.check rd.neednet
    rd.iscsi.firmware rd.bootif rd_lvm_lv rd_lvm_vg rd_luks_uuid rd_md_uuid rd_dasd rd_zfcp
    rd_znet cryptdevice cryptopts lvmwait subvol zfs zbm.timeout bootfs real_root real_init
    dolvm dobtrfs ip ifname bootdev bootif nameserver vlan bond bridge team netroot nfsroot
    net.ifnames biosdevname hostname interface netcfg/choose_interface ksdevice nic boot
    live-media live-media-path live-media-uuid findiso iso-scan/filename isofrom from img_dev
    img_loop archisobasedir archisolabel archisodevice archisosearchuuid archiso_http_srv
    cow_label copytoram toram union squashfs overlay overlayroot persistent persistence
    persistence-label casper nfsopts fetch url cdrom cdrom-detect/try-usb layerfs-path
    union-mount isofile iso inst.stage2 inst.repo inst.ks inst.lang inst.keymap inst.updates ks
    repo stage2 method autoinstall ds ignition.platform.id ignition.firstboot
    coreos.inst.install_dev coreos.inst.image_url coreos.live.rootfs_url ostree
    flatcar.autologin install autoyast netsetup info lang locale language country keymap
    keyboard-configuration/xkb-keymap debian-installer/locale auto priority rescue/enable
    debconf/priority file preseed/file preseed/url suite theme modules modloop apkovl
    alpine_repo alpine_dev usbdelay blacklist modprobe.blacklist module_blacklist security
    selinux enforcing apparmor lsm audit lockdown ima_policy mitigations pti spectre_v2 l1tf mds
    tsx_async_abort nospectre_v2 spec_store_bypass_disable kvm intel_iommu amd_iommu iommu
    swiotlb pci pcie_aspm acpi acpi_osi acpi_backlight nvme_core.default_ps_max_latency_us
    libata.force libata.dma usbcore.autosuspend i915.modeset radeon.modeset nouveau.modeset
    amdgpu.modeset nvidia-drm.modeset nvidia_drm.modeset amdgpu.dc elevator scsi_mod.scan
    scsi_mod.use_blk_mq dasd dasd_mod.dasd zfcp cio_ignore cmma vmhalt vmpanic cgroup_enable
    noapic nolapic apm idle processor.max_cstate intel_idle.max_cstate intel_pstate
    cpufreq.default_governor clocksource tsc hpet nmi_watchdog watchdog softlockup_panic quiet
    splash ro rw fsck.mode fsck.repair fastboot net.naming-scheme raid raid0run md mdadm
    md_mod.start_ro consoleblank printk.time printk.devkmsg log_buf_len audit_backlog_limit
    transparent_hugepage zswap.enabled zswap.compressor zram psi ramdisk_size dom0_mem
    dom0_max_vcpus com1 com2 loglvl guest_loglvl smt powersave xmon ppc_tm fadump
    fadump_reserve_mem disable_radix hvc_iucv rootovl vconsole.keymap vconsole.font
    rd.vconsole.keymap rd.vconsole.font plymouth.enable plymouth.ignore-serial-consoles
    vt.handoff vt.global_cursor_default cma coherent_pool device dev imgpath kernel_initrd
    bootpart rootsubvol slot rauc.slot live_dir live_ram priority-boot min_addr_mem vmalloc
    highres nfsvers sysrq_always_enabled norandmaps unknown_nmi_panic ramdisk cow_spacesize
    ventoyos vtoy_iso_part initrd_high petipy.timeout petipy.show petipy.log petipy.lock
    petipy.shell petipy.terminal
    """.split()  # noqa: SIM905
)
# Parameters with mount options.
OPTION_PARAMETERS = frozenset(("rootflags", "usrflags", "mount.usrflags", "nfsopts"))

# Mount options whose values stay.
MOUNT_OPTIONS = frozenset(
    """
    subvol subvolid compress compress-force mode umask dmask fmask codepage iocharset errors
    data commit discard size nr_inodes rsize wsize vers nfsvers proto sec port mountport addr
    timeo retrans lowerdir upperdir workdir loop offset sizelimit device degraded fsname
    x-systemd.device-timeout x-systemd.mount-timeout x-systemd.requires x-systemd.after
    x-systemd.before x-systemd.idle-timeout space_cache ssd barrier logbufs logbsize pri nofail
    utf8 shortname uid gid
    """.split()  # noqa: SIM905
)

# Parameters without a value, and other words that tell nothing.
FLAGS = frozenset(
    """
    dis_ucode_ldr iso raw floppy harddisk help quiet splash ro rw single emergency rescue text
    debug verbose nomodeset nosplash rhgb noapic nolapic noacpi noirqdebug nosmp nousb nodmraid
    nomdmonitor noresume noswap noefi nopat nofb nokaslr nosmt noautodetect nofail nospectre_v2
    nopti noibrs noibpb norestart noprompt noeject nolvm noraid noiommu nohugeiomap nopersistent
    nointremap nox2apic nowatchdog nosoftlockup rootwait toram copytoram dolvm domdadm dodmraid
    doscsi docache recovery expert auto persistent persistence live boot install linux linux16
    kernel initrd default saved menu local graph gui gfx console serial vga memtest firmware
    fwsetup recovery-menu fastboot forcefsck splash=silent ignition.firstboot fips rhel fedora
    debian ubuntu suse opensuse yes no y n on off true false none all any keep ask normal hd cd
    net disk yaboot then else do done fi in hidden countdown graphical multi user users nouser
    noauto defaults exec noexec suid nosuid dev nodev sync async dirsync atime noatime relatime
    norelatime nodiratime strictatime lazytime noload acl noacl user_xattr nouser_xattr discard
    nodiscard ssd nossd barrier nobarrier bind rbind _netdev x-systemd.automount x-initrd.mount
    swap sw utf8 inode64 noquota quota usrquota grpquota prjquota uquota gquota ext2 ext3 ext4
    xfs btrfs vfat msdos ntfs iso9660 udf tmpfs squashfs overlay nfs nfs4 cifs zfs ppc ppc64
    ppc64le powerpc x86_64 i386 i586 i686 amd64 arm64 aarch64 s390x riscv64 efi pc ieee1275 xen
    emu bios uefi pcbios x86_64-efi i386-pc i386-efi powerpc-ieee1275 arm64-efi dhcp dhcp6 auto6
    static ibft link-local either6 ethernet dmsquash-live hwcap fb biosdevname initcall_debug
    ignore_loglevel keep_bootcon smt gpt hint efi-var single-key prompt restricted unattended
    compact lba32 large-memory linear read-only read-write autoboot sleep exit shell config
    reboot poweroff halt back return start failed error fat12 fat16 fat32 s390ep _bhrfs_m main
    top end retry loop next cancel system root prefix
    """.split()  # noqa: SIM905
)

# Names of distributions: a comment keeps them, since the dialect of a grub.cfg may depend on them.
DISTRIBUTIONS = frozenset(
    """
    almalinux alpine arch bazzite centos circle debian eurolinux fedora gentoo mageia manjaro
    nixos nixpkgs nobara openmandriva opensuse oracle redhat rhel rocky scientific sle sled sles
    slackware solus suse ubuntu void
    """.split()  # noqa: SIM905
)
