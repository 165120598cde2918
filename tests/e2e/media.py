"""What lies on CDs that start by GRUB."""

from tests.e2e.second import System
from tests.trees import Content


def cd_files(system: System, label: str, cmdline: str) -> dict[str, Content]:
    """A CD that starts by GRUB, in the way of Debian's."""
    text = f"""\
if [ x$feature_default_font_path = xy ] ; then
   font=unicode
else
   font=$prefix/font.pf2
fi
set menu_color_normal=cyan/blue
menuentry 'Live system' {{
    linux  /install/vmlinux root=LABEL={label} {cmdline}
    initrd /install/initrd.gz
}}
"""
    return {
        "/etc/marker": f"{label}\n",
        "/boot/grub/grub.cfg": text,
        "/install/vmlinux": system.kernel,
        "/install/initrd.gz": system.initrd,
    }


def live_files(system: System, label: str) -> dict[str, Content]:
    """A live CD in the way of Ubuntu's, which finds itself in a file when it is told where."""
    text = """\
search --set=root --file /.disk/info
menuentry "Try or Install" {
	set gfxpayload=keep
	linux	/casper/vmlinux  console=hvc0 ---  quiet
	initrd	/casper/initrd
}
"""
    return {
        "/etc/marker": f"{label}\n",
        "/.disk/info": f"{label}\n",
        "/boot/grub/grub.cfg": text,
        "/casper/vmlinux": system.kernel,
        "/casper/initrd": system.initrd,
    }
