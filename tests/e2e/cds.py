"""Make CDs that start by GRUB."""

from pathlib import Path

from initramfs.host import run
from tests.e2e.target import System
from tests.trees import Content


def cd_files(system: System, label: str, cmdline: str) -> dict[str, Content]:
    """Return the files of a CD that starts by GRUB like Debian's."""
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
    """Return the files of a live CD like Ubuntu's; booted from a file it needs its path."""
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


def cd(image: Path, tree: Path, label: str) -> Path:
    """Write an ISO 9660 CD with Rock Ridge names, like installation media."""
    run(["xorriso", "-as", "mkisofs", "-quiet", "-r", "-V", label, "-o", image, tree])
    return image
