"""The words of each format, for nearly correct texts."""

YABOOT = (
    *("image", "image[32bit]", "image[64bit]", "image[", "label", "alias", "root", "append"),
    *("literal", "initrd", "device", "partition", "default", "timeout", "password", "message"),
    *("read-only", "read-write", "novideo", "restricted", "boot", "macos", "nonvram"),
    *("=", " = ", "==", '"', "'", "\\", "\\\n", "#", "\n", "\n\t", " ", "\t", "\r\n", "\r"),
    *("/vmlinux", "hd:3,/v", "hd:", ":", ",", "/dev/sda1", "UUID=1234:/v", "LABEL=a b", "sda2:v"),
    *("image=/vmlinux\n", "\nlabel=a\n", 'append="a b"\n', "partition=3\n", "device=hd:\n"),
    *("/pci@1/scsi@2:3,/v", "http://x/y", "50", "-1", "0x10", "08", "9" * 5000, "\0", "\ufeff"),
)

GRUB = (
    *("menuentry", "submenu", "if", "then", "elif", "else", "fi", "for", "in", "do", "done"),
    *("while", "until", "function", "return", "break", "continue", "shift", "setparams"),
    *("set", "unset", "export", "search", "--set=root", "--fs-uuid", "--label", "--file", "--id"),
    *("linux", "initrd", "devicetree", "chainloader", "configfile", "source", ".", "load_env"),
    *("save_env", "test", "[", "]", "!", "-e", "-f", "-a", "-o", "-eq", "true", "false", "echo"),
    *("eval", "regexp", "insmod", "blscfg", "default=1", "timeout=5", "x=y", "root", "prefix"),
    *("{", "}", ";", "&&", "||", "|", "&", "(", ")", "<", ">", "#", "\n", " ", "\t", "\r\n"),
    *('"', "'", "\\", "\\\n", "$", "${", "$x", "${x}", "$1", "$@", "$#", "$?", "$root", "*", "?"),
    *("'A title'", '"$x y"', "/vmlinuz", "(hd0,gpt2)/v", "(hd0", "aaaa-2", "/boot/grub/grub.cfg"),
    *("menuentry 'a' {\n", "submenu b {\n", "\n}\n", "linux /v x=$x\n", "initrd /i /j\n"),
    *("if [ -e /x ]; then\n", "\nfi\n", "for i in 1 $x; do\n", "while true; do\n", "\ndone\n"),
    *("function f {\n", "f a b\n", "source /other.cfg\n", "set default=a\n", "x=$x$x\n"),
    *("/other.cfg", "/grubenv", "1", "-1", "9" * 30, "\0", "\ufeff", "é"),
)

# Words of the text sections and of the program's header.
UKI = (
    *(
        "NAME=x\n",
        "PRETTY_NAME='x y'\n",
        'ID="a\\"b"\n',
        "VERSION=1\n",
        "TITLE=t\n",
        "root=/r quiet",
    ),
    *("MZ", "PE\0\0", ".linux", ".initrd", ".profile", "d\x86", "\0", "\n", "\t", "=", "'", '"'),
)

# Words of kernels' headers, and of configurations of other systems.
FOUND = (
    *(
        "\x7fELF\x02\x01",
        "\x00\x15",
        "HdrS",
        "MZ",
        "zimg",
        "ARMd",
        "\x1f\u008b",
        "\0" * 20,
        "x" * 500,
    ),
    *("\0", " ", "\n", "S390EP"),
)
FOREIGN = (
    *("kernel=", "modules=", "title=", "menu=", "=", "[global]\n", "[a]\n", "[", "]", "b.b00 --- "),
    *("kernel = vmlinuz x\n", "\n", "\r\n", " ", "#", "\0", "Boot:boot", "MZ", "é"),
)

SYSLINUX = (
    *("LABEL", "label a\n", "LABEL b\n", "LINUX", "KERNEL /v\n", "kernel", "INITRD a,b\n"),
    *("APPEND", "append x initrd=i,j y\n", "APPEND -\n", "FDT x.dtb\n", "FDTDIR /d\n", "DEFAULT"),
    *("default a\n", "ONTIMEOUT b\n", "ONERROR a\n", "TIMEOUT 50\n", "TOTALTIMEOUT"),
    *("PROMPT 1\n", "IMPLICIT 0\n", "UI vesamenu.c32 /other.cfg\n", "DEFAULT menu.c32\n"),
    *("KERNEL menu.c32\n", "APPEND /other.cfg\n", "INCLUDE /other.cfg\n", "INCLUDE"),
    *("CONFIG /other.cfg /d\n", "MENU INCLUDE other.cfg t\n", "~", "MENU BEGIN t\n"),
    *("MENU BEGIN\n", "MENU END\n", "MENU TITLE T\n", "MENU LABEL ^A b\n", "MENU"),
    *("MENU DEFAULT\n", "MENU HIDE\n", "MENU HIDDEN\n", "MENU GOTO t\n", "MENU EXIT\n"),
    *("MENU START\n", "MENU SEPARATOR\n", "MENU DISABLE\n", "MENU PASSWD x\n"),
    *("MENU MASTER PASSWD $4$x\n", "MENU HELP x\n", "SAY x\n", "TEXT HELP\n", "ENDTEXT\n", "text"),
    *("LOCALBOOT 0\n", "SYSAPPEND 0x3ffff\n", "IPAPPEND 2\n", "COM32 linux.c32\n"),
    *("KERNEL mboot.c32\n", "APPEND /vmlinuz x --- /i ---\n", "KERNEL chain.c32\n"),
    *("KERNEL ifcpu64.c32\n", "APPEND a -- b\n", "KERNEL x.com\n", "::/v", "host::v"),
    *("http://h/v", "=", "#", "\n", " ", "\t", "\r\n", "\r", "9" * 5000, "-1", "\0", "\ufeff"),
    *("é", "../", "\\", "KASLRSEED\n", "FDTOVERLAYS /o /p\n", "FALLBACK b\n", "kernel /v#c\n"),
    *("append ${x} \\$ 'y\n", "COM32 whichsys.c32\n", "APPEND -sys- a -iso- b\n"),
    *("COM32 cmd.c32\n", "COM32 ifcpu.c32\n", "APPEND 64 -- a -- b\n", "label c d\n"),
)

IPXE = (
    *("#!ipxe\n", "#!ipxe\nmenu\nitem a\n", "kernel", "initrd", "chain", "boot", "imgargs"),
    *("imgfetch", "imgselect", "imgfree", "imgexec", "fdt", "set", "clear", "isset", "iseq", "inc"),
    *("goto", "exit", "menu", "item", "choose", "prompt", "read", "sleep", "echo", "dhcp", "shell"),
    *("sanboot", "reboot", "config", "cpuid", "--name", "--timeout", "--default", "--gap", "--key"),
    *("--replace", "--", "-n", "--menu=m", "||", "&&", ";", "#", "\\", "\\\n", "\n", " ", "\t"),
    *("${", "}", "${x}", "${${x}}", "${x:hex}", "${net0/mac:hexhyp}", "${x:int8}", "${y:string}"),
    *(
        "x",
        "y",
        "a",
        "x:int32",
        "x:hex 24",
        "y:string",
        "net0/x",
        "/other.ipxe",
        "/vmlinuz",
        "\r\n",
    ),
    *("\n:a\n", "\ngoto a\n", "\n:x ", "\nset x ${x}${x}a\n", "\nchoose x\n", "\nitem a A\n"),
    *("\nkernel /vmlinuz x=${x}\n", "\ninitrd /i\n", "\nboot\n", "\nmenu M\n", "\ngoto ${x}\n"),
    *(
        "\nchain /boot.ipxe\n",
        "\nchain http://h/x ||\n",
        "\nchoose x && goto ${x} ||\n",
        "\ninc x\n",
    ),
    *("0x10", "-1", "08", "9" * 5000, "\0", "\ufeff", "é", "\x1b[0m"),
)

LILO = (
    *YABOOT,
    *("other", "addappend", "optional", "prompt", "delay", "vga", "lba32", "single-key"),
    *("other=/dev/sda1\n", "password=x\n", 'addappend="c d"\n', "prompt\n", "delay=5\n"),
)

SILO = (
    *YABOOT,
    *("image[sun4u]", "image[sun4c,sun4m]", "other", "solaris", "1/vmlinux", "[", "]", ";"),
    *("/sbus/sd@3;4/v", "sd(0,3,0)2/v", "initrd=/a|/b\n", "other=/dev/sda1\n", "password=x\n"),
)

KBOOT = (
    *("linux='/vmlinux initrd=/i root=/dev/sda3 quiet'\n", "linux", "default", "timeout"),
    *("root", "initrd", "dtb", "video", "message", "=", "'", '"', "#", ";", "\n", "\r\n"),
    *(" ", "\t", ",", "/vmlinux", "sda3:/vmlinux", "UUID=aaaa-3:/vmlinux", "timeout=10\n"),
    *("default=linux\n", "root=/dev/sda1\n", "initrd=/i\n", "timeout=9999999999\n", "é"),
    *("a=b", "x='a", "\0", "\ufeff"),
)

NATIVE = (
    *("name", "image", "initrd", "dtb", "args", "description", "default", "dev_description"),
    *("name first\n", "name a b\n", "image /vmlinux\n", "args quiet \n", "args\n", "é", "#"),
    *("default first\n", "dtb /d\n", "description a\n", "\n", "\r\n", " ", "\t", "\0"),
    *("sda3:/vmlinux", "\ufeff"),
)

GRUB_LEGACY = (
    *("title", "iftitle", "root", "rootnoverify", "kernel", "initrd", "module", "chainloader"),
    *("map", "default", "fallback", "timeout", "password", "lock", "uuid", "findroot", "find"),
    *("configfile", "(hd0,1)", "(hd1,2)", "(hd0)", "(cd)", "(nd)", "()", "(0xff)"),
    *("(hd0,1)/vmlinux", "/vmlinuz", "title a\n", "title\n", "root (hd0,1)\n", "lock\n"),
    *("kernel /vmlinuz root=x\n", "initrd /i /j\n", "default saved\n", "default=1\n"),
    *("fallback 1 2\n", "timeout=5\n", "hiddenmenu\n", "configfile /other.cfg\n"),
    *("configfile /boot/grub/menu.lst\n", "password --md5 $1$a$b\n", "--type=linux"),
    *("map /x.iso (0xff)\n", "find --set-root /vmlinux\n", "set a=%a%%a%\n", "%a%"),
    *("menuentry", " || ", " && ", "\\\n", "\\", "#", "=", "\n", "\r\n", " ", "\t"),
    *("9" * 30, "\0", "é"),
)

ZIPL = (
    *("[defaultboot]\n", "[linux]\n", "[a]\n", ":menu\n", ":menu1\n", "[", "]", ":", "="),
    *("default", "defaultmenu", "defaultauto\n", "default=linux\n", "defaultmenu=menu\n"),
    *("1=linux\n", "2=a\n", "image=/vmlinuz\n", "ramdisk=/i,0x800000\n", "target=/boot\n"),
    *("parameters='root=/r ${A}'\n", "parmfile=/grubenv\n", "dumpto=/dev/x\n", "kdump=auto\n"),
    *("segment=/s,0\n", "prompt=1\n", "timeout=5\n", "optional=1\n", "\n", "\r\n", " "),
    *("\t", '"', "'", "#", "9" * 30, "\0", "é"),
)

BLS = (
    *("title", "version", "machine-id", "sort-key", "linux", "initrd", "efi", "uki", "profile"),
    *("options", "devicetree", "devicetree-overlay", "architecture", "grub_hotkey", "grub_class"),
    *("\n", "\r\n", " ", "\t", "#", '"', "$kernelopts", "${x}", "$", "/k", "../../k", "/a.efi"),
    *("\nlinux /k\n", "\noptions a b\n", "\ninitrd /i $tuned_initrd\n", "\nuki /loader\n", "x64"),
    *("1.2~3-4^5", "9" * 5000, "\0", "\ufeff", "é", "\x1b[0m"),
)

WORDS = {
    "bls": BLS,
    "ipxe": IPXE,
    "found": FOUND,
    "foreign": FOREIGN,
    "uki": UKI,
    "grub": GRUB,
    "yaboot": YABOOT,
    "syslinux": SYSLINUX,
    "pxe": SYSLINUX,
    "lilo": LILO,
    "silo": SILO,
    "kboot": KBOOT,
    "native": NATIVE,
    "grub-legacy": GRUB_LEGACY,
    "zipl": ZIPL,
}
